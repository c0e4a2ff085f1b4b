/** The console's client: what it sends, and what it makes of what comes back. */
import { describe, expect, it, vi } from 'vitest';
import { clientOf, type Fetch, isSendable, Refused, Unanswered } from '../../console/client.ts';

const { signal } = new AbortController();
const refusal = (status: number, message: string, param: string | null = null) =>
  Response.json({ error: { message, type: 'auth_error', param, code: `${status}` } }, { status });

/** A client whose calls are answered one after the other, and what it sent. */
function answered(...answers: (Response | Error)[]) {
  const sent: [string, RequestInit][] = [];
  const fetch: Fetch = async (path, init) => {
    sent.push([path, init]);
    const answer = answers.shift();
    if (answer instanceof Response) return answer;
    throw answer ?? new Error('Nothing more was expected');
  };
  const onEnded = vi.fn<(reason: string) => void>();
  return { client: clientOf('sk-key', onEnded, fetch), sent, onEnded };
}

describe('a call', () => {
  it('has the key in its header, and keeps it from caches, cookies, redirects and referrers', async () => {
    const { client, sent } = answered(Response.json({ keys: [], next_cursor: null }));
    await client.list({ search: 'a b&c', cursor: '' }, signal);
    const [[path, init] = ['', {}]] = sent;
    expect(path).toBe('key/list?return_full_object=true&search=a+b%26c&cursor=');
    expect(init).toMatchObject({
      method: 'GET',
      headers: { authorization: 'Bearer sk-key' },
      cache: 'no-store',
      credentials: 'omit',
      redirect: 'error',
      referrerPolicy: 'no-referrer',
    });
    expect(path).not.toContain('sk-key');
  });

  it('that changes something has a body, and the Idempotency-Key of its attempt', async () => {
    const { client, sent } = answered(Response.json({}));
    await client.regenerate({ key: 'id' }, 'attempt-1');
    expect(sent[0]?.[1]).toMatchObject({
      method: 'POST',
      headers: { 'idempotency-key': 'attempt-1', 'content-type': 'application/json' },
      body: '{"key":"id"}',
    });
  });

  it.each([
    ['the API', refusal(400, 'Too long.', 'key_alias'), 'Too long.', 'key_alias'],
    ['API Gateway', Response.json({ message: 'Slow down' }, { status: 429 }), 'Slow down', null],
    ['nobody', new Response('<html>', { status: 502 }), 'The service answered 502.', null],
    ['a text', Response.json('no', { status: 500 }), 'The service answered 500.', null],
  ])('tells a refusal in the words of %s', async (_, response, message, param) => {
    const { client } = answered(response);
    await expect(client.generate({}, 'a')).rejects.toMatchObject({
      message,
      param,
      status: response.status,
    });
  });

  it.each([
    ['no connection', new TypeError('Failed to fetch')],
    ['half an answer', new Response('{"key": "sk')],
  ])('without an answer says so: %s', async (_, answer) => {
    const { client } = answered(answer);
    await expect(client.generate({}, 'a')).rejects.toBeInstanceOf(Unanswered);
  });

  it('that was given up is no failure of the service', async () => {
    const given = new AbortController();
    given.abort();
    const { client } = answered(new DOMException('Aborted', 'AbortError'));
    await expect(client.show('id', given.signal)).rejects.not.toBeInstanceOf(Unanswered);
  });
});

describe('a 401', () => {
  it('ends the session where the key is let in no more, with the reason', async () => {
    const { client, sent, onEnded } = answered(
      refusal(401, 'Not for you.'),
      refusal(401, 'This virtual key is blocked.'),
    );
    await expect(client.show('id', signal)).rejects.toBeInstanceOf(Refused);
    expect(sent.map(([path]) => path)).toEqual(['key/info?key=id', 'key/info']);
    expect(onEnded.mock.calls).toEqual([['This virtual key is blocked.']]);
  });

  it.each([
    ['the key itself is let in', Response.json({ key: 'k', info: {} })],
    ['nobody can tell', new TypeError('Failed to fetch')],
    ['the key may not look at itself', refusal(403, 'No.')],
  ])('does not where %s', async (_, answer) => {
    const { client, onEnded } = answered(refusal(401, 'For admins.'), answer);
    await expect(client.trail('id', '', signal)).rejects.toMatchObject({ message: 'For admins.' });
    expect(onEnded).not.toHaveBeenCalled();
  });

  it('at the sign-in is just told', async () => {
    const { client, sent, onEnded } = answered(refusal(401, 'Unknown.'));
    await expect(client.self()).rejects.toMatchObject({ message: 'Unknown.' });
    expect(sent).toHaveLength(1);
    expect(onEnded).not.toHaveBeenCalled();
  });
});

it.each([
  ['sk-lk_abc', true],
  ['', false],
  ['two words', false],
  ['sk-ключ', false],
  ['sk-a\nb', false],
])('whether %j fits into a header: %s', (key, expected) => {
  expect(isSendable(key)).toBe(expected);
});
