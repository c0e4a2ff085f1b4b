/** A request of each route that succeeds, and the keys that it may be about. */
import { routes } from '../../lambdas/shared/http/routes.ts';
import { startedService } from '../fakes/service.ts';
import { issue } from '../lambdas/fixtures/calls.ts';
import { mailed } from '../lambdas/fixtures/claims.ts';

type RouteNameOf<Route> = Route extends { method: infer Method; path: infer Path }
  ? `${Method & string} ${Path & string}`
  : never;
/** Method and path, as `POST /key/{key}/regenerate`. */
export type RouteName = RouteNameOf<(typeof routes)[number]>;

export interface Sample {
  /** Parameters in the path. */
  readonly params?: Readonly<Record<string, string>>;
  readonly query?: Readonly<Record<string, string>>;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: object;
}

/** How a request names a key. */
export interface Names {
  readonly key: string;
  readonly token: string;
  readonly key_id: string;
  readonly alias: string;
  /** Of its claim link. */
  readonly claim: string;
}

/** A key with every setting. */
export const everySetting = {
  key_alias: 'shop',
  user_id: 'ada@example.com',
  user_email: 'ada@example.com',
  user_role: 'internal_user',
  team_id: 'shop-team',
  organization_id: 'acme',
  project_id: 'webshop',
  agent_id: 'cart',
  models: ['gpt-4o', 'mistral-large'],
  aliases: { fast: 'gpt-4o' },
  max_budget: 50,
  soft_budget: 40,
  spend: 12.5,
  budget_duration: '30d',
  budget_id: 'monthly',
  budget_limits: [{ budget_duration: '1d', max_budget: 5 }],
  tpm_limit: 100_000,
  rpm_limit: 600,
  tpd_limit: 5_000_000,
  max_parallel_requests: 10,
  object_permission: { mcp_servers: ['search'] },
  access_group_ids: ['production'],
  allowed_cache_controls: ['no-cache'],
  metadata: { cost_center: '4711' },
  tags: ['eu'],
  auto_rotate: true,
  rotation_interval: '30d',
  duration: '90d',
  blocked: false,
};

export async function sampleService() {
  const service = await startedService();
  await service.provisionAdminSecret();
  return service;
}
export type SampleService = Awaited<ReturnType<typeof sampleService>>;

/** A key that has everything a key can have, a rotation behind it included. */
export async function fullKey(service: SampleService): Promise<Names> {
  const born = await mailed(service, everySetting);
  // A rotation on schedule, and one that somebody asked for.
  service.clock.advance(30 * 86_400_000);
  await service.rotate();
  const rotated = await service.asAdmin({
    path: '/key/regenerate',
    body: { key: born.key_id, grace_period: '1h' },
  });
  await service.deliver();
  const claim = service.mailer.inbox.flatMap(({ text }) => /\/claim#(\S+)/.exec(text)?.[1] ?? []);
  return { ...rotated.body, alias: 'shop', claim: claim.at(-1) ?? '' };
}

/** A key for which nothing was asked, so that most of its fields are null; it has no claim link. */
export async function bareKey(service: SampleService): Promise<Names> {
  const born = await issue(service, {});
  await service.deliver();
  return { ...born, alias: 'no-such-alias', claim: 'none' };
}

const naming = (names: Names): Sample => ({ body: { key: names.key_id } });
const nothing = (): Sample => ({});

export const samples: Readonly<Record<RouteName, (names: Names) => Sample>> = {
  'POST /key/generate': () => ({
    body: {
      key_alias: 'shop/eu',
      user_id: 'ada@example.com',
      team_id: 'shop-team',
      models: ['gpt-4o'],
      max_budget: 50,
      budget_duration: '30d',
      duration: '90d',
      metadata: { cost_center: '4711' },
      send_invite_email: true,
    },
  }),
  'POST /key/service-account/generate': () => ({
    body: { key_alias: 'shop/worker', team_id: 'shop-team', models: ['gpt-4o'] },
  }),
  'GET /key/info': ({ key_id }) => ({ query: { key: key_id } }),
  'POST /key/verify': ({ key }) => ({ body: { key, model: 'gpt-4o' } }),
  'POST /key/health': nothing,
  'POST /key/bulk_update': ({ key_id }) => ({
    body: { keys: [{ key: key_id, max_budget: 100, tags: ['eu', 'shop'] }] },
  }),
  'POST /v2/key/info': ({ key_id, alias }) => ({
    body: { keys: [key_id], key_aliases: [alias] },
  }),
  'GET /key/list': ({ key_id }) => ({
    query: { key_id, return_full_object: 'true', size: '10' },
  }),
  'GET /key/aliases': () => ({ query: { search: 'shop', size: '50' } }),
  'GET /audit': ({ key_id }) => ({ query: { key_id, page_size: '10' } }),
  'GET /audit/{id}': ({ key_id }) => ({ params: { id: `${key_id}_1` } }),
  'POST /key/update': ({ key_id }) => ({ body: { key: key_id, rpm_limit: 60 } }),
  'POST /key/delete': ({ key_id }) => ({ body: { keys: [key_id] } }),
  'POST /key/block': naming,
  'POST /key/unblock': naming,
  'POST /key/regenerate': ({ key_id }) => ({ body: { key: key_id, grace_period: '24h' } }),
  'POST /key/{key}/regenerate': ({ key_id }) => ({
    params: { key: key_id },
    body: { grace_period: '24h' },
  }),
  'POST /key/{key}/reset_spend': ({ key_id }) => ({
    params: { key: key_id },
    body: { reset_to: 0 },
  }),
  'POST /key/{key}/claim-link': ({ key_id }) => ({ params: { key: key_id } }),
  'POST /key/claim': ({ claim }) => ({ body: { token: claim } }),
  'GET /claim': nothing,
  'GET /email/event_settings': nothing,
  'PATCH /email/event_settings': () => ({
    body: { settings: [{ event: 'Virtual Key Expiring', enabled: false }] },
  }),
  'POST /email/event_settings/reset': nothing,
  'GET /openapi.json': nothing,
  'GET /docs': nothing,
  'GET /docs/{file}': () => ({ params: { file: 'swagger-ui.css' } }),
  'GET /ui': nothing,
  'GET /ui/{file}': () => ({ params: { file: 'console.css' } }),
  'GET /health/liveliness': nothing,
  'GET /health/liveness': nothing,
};

const isRouteName = (name: string): name is RouteName => Object.hasOwn(samples, name);
export const routeNames: readonly RouteName[] = routes
  .map(({ method, path }) => `${method} ${path}`)
  .filter(isRouteName);
