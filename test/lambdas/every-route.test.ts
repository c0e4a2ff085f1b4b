/**
 * What holds for every route there is, from the list of routes itself: a new one is asked too, and does
 * not compile before it says how it names a key.
 */
import { describe, expect, it } from 'vitest';
import { newKey, newKeyId, tokenHash } from '../../lambdas/shared/domain/key-format.ts';
import { routes } from '../../lambdas/shared/http/routes.ts';
import { seededRandom } from '../fakes/seeded-random.ts';
import { masterKey, type Sent, startedService } from '../fakes/service.ts';
import { FaultyProcess } from '../faults/fault-port.ts';
import { faultyStores } from '../faults/faulty-stores.ts';
import { everything, issue } from './fixtures/calls.ts';
import type { Service } from './fixtures/stored.ts';

type Route = (typeof routes)[number];

/** Routes for people without a key: a claim, its page, the reference, and whether the service is there. */
const open: readonly Route['operation'][] = [
  'claim-key',
  'show-claim-page',
  'show-openapi',
  'show-reference',
  'show-console',
  'check-liveness',
];

/** How a request of each operation names a key, besides in its path; null where none can be named. */
const namings: Readonly<Record<Route['operation'], ((key: string) => Partial<Sent>) | null>> = {
  'generate-key': null,
  'show-key-info': (key) => ({ path: `/key/info?key=${key}` }),
  'verify-key': (key) => ({ body: { key } }),
  'check-key': null,
  'update-keys': (key) => ({ body: { keys: [{ key, max_budget: 1 }] } }),
  'show-keys': (key) => ({ body: { keys: [key] } }),
  'list-keys': (key) => ({ path: `/key/list?key_hash=${key}` }),
  'list-aliases': null,
  'list-audit-records': (key) => ({ path: `/audit?object_id=${key}` }),
  'show-audit-record': () => ({}),
  'update-key': (key) => ({ body: { key, rpm_limit: 1 } }),
  'delete-key': (key) => ({ body: { keys: [key] } }),
  'block-key': (key) => ({ body: { key } }),
  'regenerate-key': (key) => ({ body: { key } }),
  'reset-spend': () => ({ body: { reset_to: 0 } }),
  'request-claim-link': () => ({}),
  'claim-key': null,
  'show-claim-page': null,
  'show-mail-settings': null,
  'change-mail-settings': null,
  'show-openapi': null,
  'show-reference': null,
  'show-console': null,
  'check-liveness': null,
};

const sentTo = ({ method, path, operation }: Route, key: string): Sent => ({
  method,
  path: path.replace(/\{\w+\}/, key),
  ...namings[operation]?.(key),
});

/** The answer, and how many calls to AWS were waited for. */
async function watched(service: Service, sent: Sent, credential: Sent['headers']) {
  const process = new FaultyProcess(new Map(), service.clock, 0);
  const seen = faultyStores(service.processStores, process);
  const headers = { ...credential, ...sent.headers };
  const answer = await service.sendThrough(seen, { ...sent, headers });
  return { answer, calls: process.made.length };
}

const bearer = (key: string) => ({ authorization: `Bearer ${key}` });
const { bytes } = seededRandom('elsewhere');

describe('who has proved nothing', async () => {
  const service = await startedService();
  const { key, token, key_id } = await issue(service, { user_id: 'ada' });
  const malformed: [string, Sent['headers']][] = [
    ['none', {}],
    ['an empty one', bearer('')],
    ['one that is no key', bearer('nonsense')],
    ['a key that was cut', bearer(key.slice(0, -1))],
    ['a mistyped key', bearer(key.replace(/.$/, (last) => (last === 'A' ? 'B' : 'A')))],
    ['a token hash', bearer(token)],
    ['a key id', bearer(key_id)],
    ['a bare key', { authorization: key }],
    ['a key as password', { authorization: `Basic ${btoa(`user:${key}`)}` }],
  ];
  const wellFormed: [string, Sent['headers']][] = [
    ['a key of another environment', bearer(newKey(newKeyId(bytes), bytes))],
    ['a known id with a wrong secret', bearer(newKey(key_id, bytes))],
    ['the admin key’s id with a wrong secret', bearer(newKey('master', bytes))],
  ];
  const unknown: [string, Sent['headers']][] = [
    ['a chosen key that is unknown', bearer('sk-unknown-to-anybody')],
    ['almost the admin key', bearer(`${masterKey}5`)],
  ];
  const expected = await service.send({ path: '/key/generate', body: {} });

  it.each(routes.map((route) => [`${route.method} ${route.path}`, route] as const))(
    'gets from %s one and the same 401, at the same cost',
    async (_name, route) => {
      const before = await everything(service);
      const costs: Record<string, Set<number>> = {};
      for (const [kind, credentials] of Object.entries({ malformed, wellFormed, unknown })) {
        for (const [what, credential] of credentials) {
          for (const target of [key, 'f'.repeat(64), '{']) {
            const { answer, calls } = await watched(service, sentTo(route, target), credential);
            if (open.includes(route.operation)) {
              expect([what, answer.status]).not.toEqual([what, 401]);
              continue;
            }
            expect([what, answer]).toEqual([what, expected]);
            (costs[kind] ??= new Set()).add(calls);
          }
        }
      }
      if (!open.includes(route.operation)) {
        expect(costs).toEqual({
          malformed: new Set([0]),
          wellFormed: new Set([1]),
          unknown: new Set([1]),
        });
      }
      expect(await everything(service)).toEqual(before);
    },
  );
});

describe('who is no admin', async () => {
  const service = await startedService();
  const caller = await issue(service, { user_id: 'ada' });
  const foreign = await issue(service, { user_id: 'bob' });
  const chosen = await issue(service, { user_id: 'bob', key: 'sk-chosen-by-somebody' });
  const deleted = await issue(service, { user_id: 'bob' });
  await service.asAdmin({ path: '/key/delete', body: { keys: [deleted.key] } });
  const targets = [foreign, chosen, deleted]
    .flatMap(({ key, token, key_id }) => [key, token, key_id])
    .concat('master', masterKey, tokenHash(masterKey), 'sk-no-such-custom-key', 'sk-lk_malformed')
    .concat(newKey(newKeyId(bytes), bytes), newKeyId(bytes), newKey(foreign.key_id, bytes));
  const naming = routes.filter(
    ({ operation, path }) => namings[operation] !== null || path.includes('{key}'),
  );

  it.each(naming.map((route) => [`${route.method} ${route.path}`, route] as const))(
    'gets from %s one and the same answer about foreign and unknown keys',
    async (_name, route) => {
      const before = await everything(service);
      const about = async (target: string) => {
        const sent = sentTo(route, target);
        const { answer } = await watched(service, sent, bearer(caller.key));
        // An answer may name what it was asked about, as it was named.
        return JSON.parse(JSON.stringify(answer).replaceAll(target, 'it'));
      };
      const expected = await about('f'.repeat(64));
      expect([route.path, expected.status]).toEqual([route.path, statusOf(route)]);
      for (const target of targets)
        expect([target, await about(target)]).toEqual([target, expected]);
      expect(await everything(service)).toEqual(before);
    },
  );

  /** Denied, but for the trail, of which its 401 is LiteLLM's, and for what looks for several keys. */
  function statusOf({ operation }: Route): number {
    if (operation === 'list-audit-records' || operation === 'show-audit-record') return 401;
    return operation === 'show-keys' ? 200 : 403;
  }
});
