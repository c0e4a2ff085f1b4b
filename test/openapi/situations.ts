/** What is sent to the routes: on every one of them what any might answer to, on single ones what only they know. */
import { newKey, newKeyId } from '../../lambdas/shared/domain/key-format.ts';
import { seededRandom } from '../fakes/seeded-random.ts';
import { FaultyProcess } from '../faults/fault-port.ts';
import { faultyStores } from '../faults/faulty-stores.ts';
import { ask, issue } from '../lambdas/fixtures/calls.ts';
import { mailed } from '../lambdas/fixtures/claims.ts';
import {
  bareKey,
  everySetting,
  type Names,
  type RouteName,
  type Sample,
  type SampleService,
} from './samples.ts';
import type { Scene, Situation } from './scene.ts';

const { bytes } = seededRandom('situations');
const unknownId = newKeyId(bytes);
const unknown: Names = {
  key: newKey(unknownId, bytes),
  token: 'f'.repeat(64),
  key_id: unknownId,
  alias: 'no-such-alias',
  claim: `${'0'.repeat(8)}-0000-4000-8000-${'0'.repeat(12)}.${'0'.repeat(27)}`,
};
const once = { 'idempotency-key': 'order-4711' };
const elsewhere = { params: { key: unknownId, id: 'x', file: 'x' } };

/** By a caller that is no admin. */
const as =
  (fields: object): Situation =>
  async ({ service, sample, send }) => {
    const { key } = await issue(service, fields);
    await send(sample, { key });
  };

const removed = (service: SampleService, key_id: string) =>
  ask(service, { path: '/key/delete', body: { keys: [key_id] } });

const keyIdIn = (answer: unknown): string | null =>
  typeof answer === 'object' && answer !== null && 'key_id' in answer
    ? String(answer.key_id)
    : null;

export const succeed: Situation = ({ sample, send }) => send(sample);

/** Those that say more to a reader come first. */
export const everywhere: readonly Situation[] = [
  async ({ service, sampleOf, send }) => send(sampleOf(await bareKey(service))),
  ({ sample, send }) => send(sample, { key: null }),
  as({ user_id: 'bob' }),
  as({ user_id: 'bob', key_type: 'llm_api' }),
  ({ sampleOf, send }) => send(sampleOf(unknown)),
  ({ sample, send }) => send({ ...sample, ...elsewhere }),
  async ({ sample, send }) => {
    const { answerHeaders } = await send(sample);
    await send({ ...sample, headers: { 'if-none-match': String(answerHeaders['etag']) } });
  },
  ({ sample, send }) => send({ ...sample, headers: { 'accept-encoding': 'gzip' } }),
  ({ sample, send }) => send({ ...sample, headers: { 'idempotency-key': 'with spaces' } }),
  ({ sample, send }) => {
    const repeat = { ...sample, headers: once };
    return Promise.all([send(repeat), send(repeat)]);
  },
  async ({ service, sample, names, send }) => {
    const repeat = { ...sample, headers: once };
    const { answer } = await send(repeat);
    await removed(service, keyIdIn(answer) ?? names.key_id);
    await send(repeat);
  },
  async ({ sample, sampleOf, send }) => {
    await send({ ...sample, headers: once });
    const other = sampleOf(unknown);
    const body = other.body && { ...other.body, max_budget: 7, reset_to: 7 };
    await send({ ...other, headers: once, ...(body && { body }) });
  },
  ({ sample, send }) => send(sample, { text: '[]' }),
  ({ sample, send }) => send({ ...sample, query: { page: 'first' } }),
  ({ sample, send }) => send(sample, { text: `{"metadata": "${'x'.repeat(256 * 1024)}"}` }),
  async ({ service, sample, send }) => {
    const process = new FaultyProcess(new Map([[1, 'error-before']]), service.clock, 0);
    await send(sample, { seen: faultyStores(service.processStores, process) });
  },
  async ({ service, sample, send }) => {
    const call = async (): Promise<never> => {
      throw new TypeError('A bug');
    };
    await send(sample, { seen: faultyStores(service.processStores, { call }) });
  },
];

/** With other members of the body. */
const having =
  (body: object): Situation =>
  ({ sample, send }) =>
    send({ ...sample, body: { ...sample.body, ...body } });

const asking =
  (query: Sample['query']): Situation =>
  ({ sample, send }) =>
    send({ ...sample, ...(query && { query }) });

const regeneratedOften = async ({ service, names }: Scene) => {
  for (let count = 0; count < 20; count += 1) {
    await ask(service, { path: '/key/regenerate', body: { key: names.key_id } });
  }
};

const aliasUsedUp: Situation = async ({ service, sample, send }) => {
  for (let count = 0; count < 21; count += 1) {
    const { answer } = await send(sample);
    await removed(service, keyIdIn(answer) ?? '');
  }
  await send(sample);
};

const valuesUsedUp: Situation = async (scene) => {
  await regeneratedOften(scene);
  await scene.send(scene.sample);
};

/** After something was done with the key. */
const afterwards =
  (path: string, body: (names: Names) => object, seconds = 0): Situation =>
  async ({ service, names, sample, send }) => {
    await ask(service, { path, body: body(names) });
    service.clock.advance(seconds * 1000);
    await service.deliver();
    await send(sample);
  };

const blocked = afterwards('/key/block', ({ key_id }) => ({ key: key_id }));
const deleted = afterwards('/key/delete', ({ key_id }) => ({ keys: [key_id] }));
const rotated = afterwards('/key/regenerate', ({ key_id }) => ({ key: key_id }));
const expired = afterwards('/key/update', ({ key_id }) => ({ key: key_id, duration: '1h' }), 4000);

/** While a step of the key is open that got no answer. */
const whileOpen: Situation = async ({ service, names, sample, send }) => {
  service.secrets.trouble('lost-answer', 'lost-answer');
  await ask(service, { path: '/key/regenerate', body: { key: names.key_id } });
  await send(sample);
};

const bySeveral: Situation = async ({ service, send }) => {
  await bareKey(service);
  await issue(service, { key_alias: 'second' });
  await service.deliver();
  await send({ query: { cursor: '', size: '1', page_size: '1' } });
};

const refusedLists: readonly Situation[] = [
  asking({ page: '2', cursor: '' }),
  asking({ sort_by: 'colour' }),
];

const damaged: Situation = async ({ service, names, sample, send }) => {
  const id = `${names.key_id}_1`;
  service.trail.damaged.set(id, { id, key_id: names.key_id, seq: 1 });
  await send(sample);
};

const secondRecord: Situation = ({ names, send }) => send({ params: { id: `${names.key_id}_2` } });

export const onSingleRoutes: Readonly<Partial<Record<RouteName, readonly Situation[]>>> = {
  'POST /key/generate': [
    having({ max_budget: -1 }),
    ({ send }) => send({ body: {} }),
    having({ ...everySetting, key_alias: 'other' }),
    aliasUsedUp,
  ],
  'POST /key/service-account/generate': [
    having({ max_budget: -1 }),
    having({ ...everySetting, key_alias: 'other', user_id: null, user_role: null }),
    aliasUsedUp,
  ],
  'GET /key/info': [
    deleted,
    async ({ service, sample, send }) => {
      const notice = [...service.notices.states.values()].at(-1);
      if (notice === undefined) throw new Error('There is no notice');
      const bounced = { ...notice, state: 'bounced', reason: 'Permanent General' } as const;
      await service.notices.advance(notice, bounced, 'message-1');
      await send(sample);
    },
    async ({ service, names, send }) => {
      const first = names.key;
      await ask(service, { path: '/key/regenerate', body: { key: names.key_id } });
      await send({ query: { key: first } });
    },
  ],
  'POST /key/verify': [
    having({ model: 'o3' }),
    having({ model: null }),
    having({ model: unknown.key }),
    having({ key: 'sk-no-such-key' }),
    blocked,
  ],
  'POST /key/bulk_update': [
    having({ keys: [] }),
    async ({ service, names, send }) => {
      const bare = await bareKey(service);
      const keys = [names, bare, unknown].map(({ key_id }) => ({ key: key_id, max_budget: -1 }));
      await send({ body: { keys } });
    },
  ],
  'POST /v2/key/info': [
    ({ send }) => send({ body: { keys: Array.from({ length: 101 }, () => unknown.key_id) } }),
    ({ names, send }) => send({ body: { key_aliases: [names.alias] } }),
  ],
  'GET /key/list': [
    asking({ size: '10' }),
    bySeveral,
    async ({ service, names, send }) => {
      await removed(service, names.key_id);
      await removed(service, (await bareKey(service)).key_id);
      await send({ query: { status: 'deleted', return_full_object: 'true' } });
    },
    ...refusedLists,
  ],
  'GET /key/aliases': [bySeveral, ...refusedLists],
  'GET /audit': [bySeveral, damaged, deleted, ...refusedLists],
  'GET /audit/{id}': [secondRecord, damaged],
  'POST /key/update': [
    having({ max_budget: -1 }),
    async (scene) => {
      await regeneratedOften(scene);
      await scene.send({ body: { key: scene.names.key_id, key_alias: 'shop/us' } });
    },
  ],
  'POST /key/delete': [
    ({ send }) => send({ body: { keys: Array.from({ length: 101 }, () => unknown.key_id) } }),
  ],
  'POST /key/block': [having({ key: 'no key at all' })],
  'POST /key/unblock': [having({ key: 'no key at all' })],
  'POST /key/regenerate': [
    having({ grace_period: '90d' }),
    having({ grace_period: '0s' }),
    valuesUsedUp,
  ],
  'POST /key/{key}/regenerate': [
    having({ grace_period: '90d' }),
    having({ grace_period: '0s' }),
    valuesUsedUp,
  ],
  'POST /key/{key}/reset_spend': [having({ reset_to: 1e6 })],
  'POST /key/claim': [
    blocked,
    whileOpen,
    async ({ sample, send }) => {
      await send(sample);
      await send(sample);
    },
    rotated,
    deleted,
    expired,
    async ({ service, send }) => {
      const { claim } = await mailed(service);
      await send({ body: { token: claim } });
    },
  ],
  'PATCH /email/event_settings': [
    having({ settings: [{ event: 'Key Lost', enabled: true }] }),
    async ({ sample, send }) => {
      await send({ ...sample, headers: once });
      const settings = [{ event: 'Virtual Key Deleted', enabled: true }];
      await send({ body: { settings }, headers: once });
    },
  ],
};
