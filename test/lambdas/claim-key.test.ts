/** `POST /key/claim`. */
import { afterEach, describe, expect, it, vi } from 'vitest';
import { mostReuses } from '../../lambdas/shared/domain/claim-link.ts';
import { startedService } from '../fakes/service.ts';
import { settingsWith } from '../fixtures/settings.ts';
import { actionsOf, ask, atRest, isLetIn, recordOf, rowOf, untouched } from './fixtures/calls.ts';
import {
  claim,
  claimLinkOf,
  invited,
  mailed,
  newestToken,
  owner,
  refusedAs,
  reuseMails,
} from './fixtures/claims.ts';
import { type Service, storedText } from './fixtures/stored.ts';

const hours = (count: number) => count * 3_600_000;
const { mail } = settingsWith();

/** What a read of the secret does, the next times. */
const reads = (service: Service, ...outcomes: readonly object[]) => {
  const read = service.secrets.read.bind(service.secrets);
  const left = [...outcomes];
  service.secrets.read = async (...given) => {
    const outcome = left.shift();
    return outcome === undefined ? read(...given) : { ...failed, ...outcome };
  };
};
const failed = { kind: 'refused', reason: 'Injected' } as const;

afterEach(() => vi.restoreAllMocks());

describe('claim-key', () => {
  it('shows the key to whoever has the link of the mail, and it is let in', async () => {
    const service = await startedService();
    const born = await mailed(service, { key_alias: 'alpha', duration: '7d' });
    const { status, body, headers } = await claim(service, born.claim);
    expect(status).toBe(200);
    expect(body).toEqual({
      key: born.key,
      key_id: born.key_id,
      key_alias: 'alpha',
      base_url: 'http://localhost:4000',
      expires: '2026-12-02T13:50:00.000Z',
    });
    expect(headers['cache-control']).toBe('no-store');
    expect(await isLetIn(service, body.key)).toBe(true);
  });

  it('leaves a record of it that names no caller, and where it came from', async () => {
    const service = await startedService();
    const { key_id, claim: token } = await mailed(service);
    await claim(service, token);
    expect(await recordOf(service, key_id)).toMatchObject({
      action: 'claimed',
      changed_by: 'claim_link',
      who: { principal: 'claim_link', changed_by_api_key: null, source_ip: '192.0.2.1' },
    });
    expect(await actionsOf(service, key_id)).toEqual(['created', 'claimed']);
    expect(reuseMails(service)).toEqual([]);
    expect(await atRest(service)).toEqual([]);
  });

  it('shows it once: a further use is a 410, a record, and a mail to the owner', async () => {
    const service = await startedService();
    const { key_id, claim: token } = await mailed(service);
    await claim(service, token);
    const again = await claim(service, token);
    expect(refusedAs(again)).toEqual([410, 'claim_link_used']);
    expect(JSON.stringify(again.body)).not.toContain('sk-');
    expect(await actionsOf(service, key_id)).toEqual(['created', 'claimed', 'claim_reused']);
    expect(reuseMails(service)).toMatchObject([{ to: owner }]);
    expect(reuseMails(service)[0]?.text).not.toContain('/claim#');
  });

  it('records and mails a few further uses of a link, and then no more', async () => {
    const service = await startedService();
    const { key_id, claim: token } = await mailed(service);
    for (let use = 0; use < mostReuses + 5; use += 1) await claim(service, token);
    const actions = await actionsOf(service, key_id);
    expect(actions.filter((action) => action === 'claim_reused')).toHaveLength(mostReuses);
    expect(reuseMails(service)).toHaveLength(mostReuses);
    const answer = await untouched(service, () => claim(service, token));
    expect(refusedAs(answer)).toEqual([410, 'claim_link_used']);
  });

  it('records a further use also where nobody can be mailed', async () => {
    const service = await startedService();
    const { key_id, claim: token } = await mailed(service);
    await claim(service, token);
    const row = rowOf(service, key_id);
    const { user_email: _, ...key } = row.key;
    service.table.putItem({
      ...service.table.items.get(`KEY#${key_id}`),
      pk: `KEY#${key_id}`,
      key,
    });
    await claim(service, token);
    expect(rowOf(service, key_id).event).toMatchObject({ action: 'claim_reused', notify: null });
  });

  it('shows the new value by the link of the mail about a rotation', async () => {
    const service = await startedService();
    const { key_id, claim: token } = await mailed(service);
    const rotated = await ask(service, { path: '/key/regenerate', body: { key: key_id } });
    await service.deliver();
    const next = newestToken(service);
    expect(next).not.toBe(token);
    expect((await claim(service, next)).body.key).toBe(rotated.body.key);
    expect(refusedAs(await claim(service, token))).toEqual([410, 'key_rotated']);
  });

  it('shows a key that was renamed since, from where its value is now', async () => {
    const service = await startedService();
    const born = await mailed(service, { key_alias: 'alpha' });
    await ask(service, { path: '/key/update', body: { key: born.key_id, key_alias: 'beta' } });
    const { status, body } = await claim(service, born.claim);
    expect([status, body.key, body.key_alias]).toEqual([200, born.key, 'beta']);
  });

  it('of two at once shows it to one', async () => {
    const service = await startedService();
    const { key, key_id, claim: token } = await mailed(service);
    const answers = await Promise.all([1, 2, 3].map(() => claim(service, token)));
    const shown = answers.filter(({ status }) => status === 200);
    expect(shown.map(({ body }) => body.key)).toEqual([key]);
    const actions = await actionsOf(service, key_id);
    expect(actions.filter((action) => action === 'claimed')).toHaveLength(1);
  });
});

describe('what is no token gets one and the same answer, which tells nothing:', () => {
  it.each<[string, (token: string) => string]>([
    ['an empty text', () => ''],
    ['any text', () => 'x'],
    ['a key', () => 'sk-1234'],
    ['no secret part', (token) => token.split('.')[0] ?? ''],
    [
      'an unknown notice',
      (token) => token.replace(/^[^.]+/, 'd0d0d0d0-0000-4000-8000-000000000000'),
    ],
    ['a wrong secret part', (token) => token.replace(/.$/, (last) => (last === 'A' ? 'B' : 'A'))],
    ['a longer one', (token) => `${token}A`],
    ['a shorter one', (token) => token.slice(0, -1)],
    ['white space', (token) => `${token} `],
    ['the whole link', (token) => `http://localhost:4000/claim#${token}`],
  ])('%s', async (_, other) => {
    const service = await startedService();
    const { claim: token } = await mailed(service);
    const answer = await untouched(service, () => claim(service, other(token)));
    expect(answer.body).toEqual({
      error: {
        message:
          'This is no link of ours. Open the whole link from the mail, or ask for a new one.',
        type: 'not_found_error',
        param: 'token',
        code: '404',
      },
    });
    expect((await claim(service, token)).status).toBe(200);
  });

  it('and of a link that is used, expired or of a deleted key as well', async () => {
    const service = await startedService();
    const { key_id, claim: token } = await mailed(service);
    const wrong = token.replace(/.$/, (last) => (last === 'A' ? 'B' : 'A'));
    await claim(service, token);
    expect((await untouched(service, () => claim(service, wrong))).status).toBe(404);
    service.clock.advance(hours(48));
    expect((await claim(service, wrong)).status).toBe(404);
    await ask(service, { path: '/key/delete', body: { keys: [key_id] } });
    expect((await claim(service, wrong)).status).toBe(404);
  });
});

describe('a claim that is refused changes nothing, and says what to do:', () => {
  it.each([
    ['no body', undefined, 422, null],
    ['no JSON', '{', 422, null],
    ['no token', {}, 422, 'token'],
    ['null', { token: null }, 422, 'token'],
    ['a number', { token: 7 }, 422, 'token'],
    ['too much', { token: 'x'.repeat(270_000) }, 413, null],
  ])('%s', async (_, body, status, param) => {
    const service = await startedService();
    await mailed(service);
    const answer = await untouched(service, () => service.send({ path: '/key/claim', body }));
    expect([answer.status, answer.body.error.param]).toEqual([status, param]);
  });

  it.each<[string, (service: Service, keyId: string) => unknown, number, string, RegExp]>([
    [
      'a link that has expired',
      ({ clock }) => clock.advance(hours(24)),
      410,
      'claim_link_expired',
      /ask for a new link/i,
    ],
    [
      'a link that was asked for anew',
      claimLinkOf,
      410,
      'claim_link_replaced',
      /the one in the latest mail/,
    ],
    [
      'a key that was rotated',
      (service, key) => ask(service, { path: '/key/regenerate', body: { key } }),
      410,
      'key_rotated',
      /mail about the new value/,
    ],
    [
      'a key that was rotated, and its former value is let in',
      (service, key) =>
        ask(service, { path: '/key/regenerate', body: { key, grace_period: '1h' } }),
      410,
      'key_rotated',
      /mail about the new value/,
    ],
    [
      'a key that was deleted',
      (service, key) => ask(service, { path: '/key/delete', body: { keys: [key] } }),
      410,
      'key_deleted',
      /administrator for a new key/,
    ],
    [
      'a key that was blocked',
      (service, key) => ask(service, { path: '/key/block', body: { key } }),
      403,
      'key_blocked',
      /unblock/,
    ],
    [
      'a key that has expired',
      (service, key) => ask(service, { path: '/key/update', body: { key, duration: '0s' } }),
      410,
      'key_expired',
      /administrator for a new key/,
    ],
  ])('%s', async (_, happen, status, type, advice) => {
    const service = await startedService();
    const { key_id, claim: token } = await mailed(service);
    await happen(service, key_id);
    const answer = await untouched(service, () => claim(service, token));
    expect(refusedAs(answer)).toEqual([status, type]);
    expect(answer.body.error.message).toMatch(advice);
  });

  it('a minute before it expires the link is good', async () => {
    const service = await startedService();
    const { claim: token } = await mailed(service);
    service.clock.advance(hours(24) - 60_000);
    expect((await claim(service, token)).status).toBe(200);
  });

  it('a blocked key is shown by the same link once it is let in again', async () => {
    const service = await startedService();
    const { key, key_id, claim: token } = await mailed(service);
    await ask(service, { path: '/key/block', body: { key: key_id } });
    expect((await claim(service, token)).status).toBe(403);
    await ask(service, { path: '/key/unblock', body: { key: key_id } });
    expect((await claim(service, token)).body.key).toBe(key);
  });

  it('a key that is being changed, until that is done', async () => {
    const service = await startedService();
    const { key, key_id, claim: token } = await mailed(service);
    service.secrets.trouble('unanswered', 'unanswered');
    await ask(service, { path: '/key/regenerate', body: { key: key_id } });
    expect(rowOf(service, key_id).intent).not.toBeNull();
    const answer = await untouched(service, () => claim(service, token));
    expect(answer.status).toBe(409);
    expect(answer.headers['retry-after']).toBeDefined();
    expect(await atRest(service)).toEqual([]);
    expect((await claim(service, token)).body.key).toBe(key);
  });

  it.each([
    ['the hours are 0', { mail: { ...mail, claimLinkHours: 0 } }],
    ['e-mail is off', { mail: { ...mail, alerting: false } }],
    ['keys are not kept', { storeVirtualKeys: false }],
  ])('links that were switched off since: %s', async (_, changes) => {
    const service = await startedService();
    const { claim: token } = await mailed(service);
    Object.assign(service.settings, changes);
    const answer = await untouched(service, () => claim(service, token));
    expect(refusedAs(answer)).toEqual([410, 'claim_links_off']);
  });

  it('the link of a mail that was sent anew, by the one of the later mail', async () => {
    const service = await startedService();
    const send = service.mailer.send.bind(service.mailer);
    const sent: string[] = [];
    service.mailer.send = async (given) => {
      sent.push(given.text);
      const outcome = await send(given);
      return sent.length === 1 ? { kind: 'unanswered' } : outcome;
    };
    await ask(service, { path: '/key/generate', body: invited });
    await expect(service.deliver()).rejects.toThrow('SES did not answer');
    await service.deliver();
    const [first = '', second = ''] = sent.map((text) => /#(\S+)/.exec(text)?.[1] ?? '');
    expect(second).not.toBe(first);
    const answer = await untouched(service, () => claim(service, first));
    expect(refusedAs(answer)).toEqual([410, 'claim_link_replaced']);
    expect((await claim(service, second)).status).toBe(200);
  });
});

describe('a mail has no link', () => {
  it.each([
    ['to a key whose value is not kept', {}, { store_secret: false }],
    ['where the hours are 0', { mail: { ...mail, claimLinkHours: 0 } }, {}],
    ['where keys are not kept', { storeVirtualKeys: false }, {}],
  ])('%s', async (_, changes, fields) => {
    const service = await startedService(changes);
    await ask(service, { path: '/key/generate', body: { ...invited, ...fields } });
    await service.deliver();
    expect(service.mailer.inbox).toHaveLength(1);
    expect(service.mailer.inbox[0]?.html).not.toContain('/claim');
    expect(service.table.claimLinks.size).toBe(0);
  });

  it('any more where it is sent anew after its first link was used', async () => {
    const service = await startedService();
    const send = service.mailer.send.bind(service.mailer);
    let sends = 0;
    service.mailer.send = async (given) => {
      const outcome = await send(given);
      sends += 1;
      return sends === 1 ? { kind: 'unanswered' } : outcome;
    };
    await ask(service, { path: '/key/generate', body: invited });
    await expect(service.deliver()).rejects.toThrow();
    expect((await claim(service, newestToken(service))).status).toBe(200);
    await service.deliver();
    expect(service.mailer.inbox).toHaveLength(2);
    expect(service.mailer.inbox[1]?.text).not.toContain('/claim#');
  });
});

describe('where the secret', () => {
  it.each(['throttled', 'unanswered'])('is %s once, it is read again', async (kind) => {
    const service = await startedService();
    const { key, claim: token } = await mailed(service);
    reads(service, { kind });
    expect((await claim(service, token)).body.key).toBe(key);
  });

  it.each([
    ['cannot be read', [{ kind: 'refused' }]],
    ['is gone', [{ kind: 'absent' }]],
    ['is throttled twice', [{ kind: 'throttled' }, { kind: 'throttled' }]],
    ['does not answer', [{ kind: 'unanswered' }, { kind: 'unanswered' }]],
    ['has another value', [{ kind: 'done', value: 'sk-another' }]],
  ])('%s, nobody is shown it, and the link is used up', async (_, outcomes) => {
    const service = await startedService();
    const { key_id, claim: token } = await mailed(service);
    reads(service, ...outcomes);
    const answer = await claim(service, token);
    expect(refusedAs(answer)).toEqual([410, 'claim_link_used']);
    expect(answer.body.error.message).toMatch(/nobody was shown it.*Ask for a new link/);
    expect(JSON.stringify(answer)).not.toContain('sk-');
    expect(await actionsOf(service, key_id)).toEqual(['created', 'claimed']);
    expect((await claim(service, token)).status).toBe(410);
    await claimLinkOf(service, key_id);
    await service.deliver();
    expect((await claim(service, newestToken(service))).status).toBe(200);
  });

  it('could not be read in time, the link stays as it is', async () => {
    const service = await startedService();
    const { key_id, claim: token } = await mailed(service);
    const load = service.table.load.bind(service.table);
    service.table.load = async (...given) => {
      service.clock.advance(15_500);
      return load(...given);
    };
    const answer = await untouched(service, () => claim(service, token));
    expect(answer.status).toBe(503);
    expect(rowOf(service, key_id).event.action).toBe('created');
  });
});

describe('the token and the key of a claim', () => {
  it('are in no store, log or mail but the one that the link is in', async () => {
    const service = await startedService();
    let logged = '';
    vi.spyOn(process.stdout, 'write').mockImplementation((line) => {
      logged += String(line);
      return true;
    });
    const { key, key_id, claim: token } = await mailed(service);
    for (let use = 0; use < 3; use += 1) await claim(service, token);
    await claimLinkOf(service, key_id);
    await service.deliver();
    service.table.commit = async () => {
      throw new Error('A bug');
    };
    const broken = await claim(service, newestToken(service));
    expect(broken.status).toBe(500);
    const secret = token.split('.')[1] ?? '';
    const links = JSON.stringify([...service.table.claimLinks.values()]);
    const later = service.mailer.inbox.slice(1).map(({ text, html }) => text + html);
    for (const text of [logged, links, ...later, JSON.stringify([...service.table.items])]) {
      expect(text).not.toContain(secret);
      expect(text).not.toContain(key);
    }
    expect(logged).toContain('"operation":"claim-key"');
    expect(await storedText(service)).not.toContain(key);
  });
});
