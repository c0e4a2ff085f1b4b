/** Bad input, races and a failing Secrets Manager on the deployed stack: nothing half done is left. */
import { describe, expect, it } from 'vitest';
import { generate, info, send } from './api-client.ts';
import { auditOf, eventually, fault, itemOf, itemsOf, rowOfAlias, secretOf } from './local-aws.ts';

describe('credentials', () => {
  it('answers one identical 401 to everybody who has proved nothing', async () => {
    const { body } = await generate({});
    const wrong: Record<string, string>[] = [
      {},
      { authorization: 'Bearer sk-unknown-0123456789abcdef' },
      { authorization: 'Bearer sk-lk_malformed' },
      { authorization: `Bearer ${body.token}` },
      { authorization: `Bearer ${String(body.key).slice(0, -1)}` },
      { authorization: 'Basic c2stMTIzNDo=' },
    ];
    const answers = await Promise.all(
      wrong.map((headers) => send({ method: 'POST', path: '/key/generate', headers, body: {} })),
    );
    for (const answer of answers) expect(answer.status).toBe(401);
    expect(new Set(answers.map((answer) => JSON.stringify(answer.body))).size).toBe(1);
  });

  it.each([
    'x-litellm-api-key',
    'api-key',
    'x-api-key',
    'x-goog-api-key',
    'ocp-apim-subscription-key',
  ])('takes the key from %s', async (header) => {
    const { status } = await send({ path: '/key/info', headers: { [header]: 'sk-1234' } });
    expect(status).toBe(200);
  });
});

describe('bad requests', () => {
  it.each([
    ['unknown route', { path: '/nope' }, 404],
    ['wrong method', { path: '/key/generate' }, 405],
    ['no body', { method: 'POST', path: '/key/generate' }, 422],
    ['broken JSON', { method: 'POST', path: '/key/generate', body: '{"a":' }, 422],
    ['a list', { method: 'POST', path: '/key/generate', body: '[]' }, 422],
    ['a wrong type', { method: 'POST', path: '/key/generate', body: { models: 'x' } }, 422],
    [
      'too large a body',
      { method: 'POST', path: '/key/generate', body: { x: 'x'.repeat(262_144) } },
      413,
    ],
    [
      'too large a row',
      { method: 'POST', path: '/key/generate', body: { metadata: { x: 'x'.repeat(33_000) } } },
      400,
    ],
    ['a negative budget', { method: 'POST', path: '/key/generate', body: { max_budget: -1 } }, 400],
    [
      'an infinite budget',
      { method: 'POST', path: '/key/generate', body: '{"max_budget":1e999}' },
      400,
    ],
    [
      'a malformed duration',
      { method: 'POST', path: '/key/generate', body: { duration: 'soon' } },
      400,
    ],
    [
      'a control character',
      { method: 'POST', path: '/key/generate', body: { key_alias: 'a\u0007b' } },
      400,
    ],
    [
      'too long an alias',
      { method: 'POST', path: '/key/generate', body: { key_alias: 'a'.repeat(506) } },
      400,
    ],
    ['a weak key', { method: 'POST', path: '/key/generate', body: { key: 'sk-short' } }, 400],
    [
      'a mail to nobody',
      { method: 'POST', path: '/key/generate', body: { send_invite_email: true } },
      400,
    ],
  ])('answers %s in the one error shape', async (_what, sent, status) => {
    const before = (await itemsOf('KeysTableName')).length;
    const answer = await send({ ...sent, headers: { authorization: 'Bearer sk-1234' } });
    expect(answer.status).toBe(status);
    expect(Object.keys(answer.body.error)).toEqual(['message', 'type', 'param', 'code']);
    expect(answer.body.error.code).toBe(String(status));
    expect((await itemsOf('KeysTableName')).length).toBe(before);
  });
});

describe('races', () => {
  it('makes ten keys of ten requests at once', async () => {
    const answers = await Promise.all(Array.from({ length: 10 }, () => generate({})));
    expect(answers.map(({ status }) => status)).toEqual(Array.from({ length: 10 }, () => 200));
    expect(new Set(answers.map(({ body }) => body.key)).size).toBe(10);
  });

  it('gives an alias to one of ten requests at once, and a clear 400 to the others', async () => {
    const answers = await Promise.all(
      Array.from({ length: 10 }, () => generate({ key_alias: 'race/one' })),
    );
    const winners = answers.filter(({ status }) => status === 200);
    const losers = answers.filter(({ status }) => status === 400);
    expect(winners.length).toBe(1);
    expect(losers.length).toBe(9);
    for (const { body } of losers) {
      expect(body.error).toMatchObject({ type: 'bad_request_error', param: 'key_alias' });
    }
    expect((await secretOf('litellm/race/one'))?.value).toBe(winners[0]?.body.key);
  });
});

describe('Secrets Manager fails', () => {
  it.each(['refuse', 'throttle'] as const)(
    'undoes the birth when it answers with %s',
    async (mode) => {
      const alias = `trouble/${mode}`;
      await fault('CreateSecret', mode, alias);
      const answer = await generate({ key_alias: alias });
      expect(answer.status).toBe(503);
      expect(Number(answer.headers.get('retry-after'))).toBeGreaterThan(0);
      const row = await rowOfAlias(alias);
      expect(row).toMatchObject({ status: 'deleted', intent: null, seq: 2 });
      expect(await itemOf('KeysTableName', { pk: `ALIAS#${alias}` })).toMatchObject({
        state: 'free',
      });
      expect(await secretOf(`litellm/${alias}`)).toBeNull();
      const keyId = String(row['keyId']);
      const actions = await eventually(async () => {
        const records = await auditOf(keyId);
        return records.length === 2
          ? records.map((record) => String(record['action'])).sort()
          : null;
      });
      expect(actions).toEqual(['created', 'generate_undone']);
      const again = await generate({ key_alias: alias });
      expect(again.status).toBe(200);
      expect((await secretOf(`litellm/${alias}`))?.value).toBe(again.body.key);
    },
  );

  it('leaves the intent open when it never answers, and nobody knows the key', async () => {
    const alias = 'trouble/hang';
    await fault('CreateSecret', 'hang', alias, 2);
    const answer = await generate({ key_alias: alias });
    expect(answer.status).toBe(503);
    expect(Number(answer.headers.get('retry-after'))).toBeGreaterThan(0);
    const row = await rowOfAlias(alias);
    expect(row).toMatchObject({ status: 'active', intent: { kind: 'generate', claim: 0 } });
    expect(row['due_pk']).toMatch(/^DUE#/);
    expect(await secretOf(`litellm/${alias}`)).toBeNull();
  });

  it('answers with the key when only the first answer got lost', async () => {
    const alias = 'trouble/lost';
    await fault('CreateSecret', 'lose-answer', alias);
    const answer = await generate({ key_alias: alias });
    expect(answer.status).toBe(200);
    expect((await secretOf(`litellm/${alias}`))?.value).toBe(answer.body.key);
    expect((await info(answer.body.token)).status).toBe(200);
  });
});
