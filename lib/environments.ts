/**
 * The environments. To deploy one, read its block: everything has a working default, and what only
 * you can know (accounts, addresses, domains) is off or null until you fill it in. Nothing here is a
 * placeholder that would deploy and then silently not work; e-mail, for one, is off until there is a
 * sender, and until then the API refuses a request for a mail and says what to set.
 */
import { RetentionDays } from 'aws-cdk-lib/aws-logs';
import { checkApart } from './check-apart.ts';
import { checkEnvironment } from './check-environment.ts';
import type { Environment, Throttle } from './environment.ts';
import { EnvironmentError } from './environment-error.ts';
import { localTarget } from './local-target.ts';

/** Where it runs on AWS. docs/adr/0003-two-store-protocol.md says what each constant is for. */
const awsTiming = {
  functionTimeoutSeconds: 20,
  lateCallSeconds: 20,
  staleReadSeconds: 15,
  clockSkewSeconds: 5,
  fenceSeconds: 60,
  reconcilerPeriodSeconds: 60,
} as const;

/** What every mail looks like. An owner should know at a glance whose it is, and whom to ask. */
const mailLooks = {
  subjectPrefix: 'Latchkey',
  // An image that the mail program fetches; without one the words above stand in its place.
  logoUrl: null,
  // For instance 'platform-team@your-domain' or 'https://help.your-domain'.
  supportContact: null,
  signature: null,
} as const;

/**
 * Routes on which one request costs more than elsewhere, and how many are let in a second. The first two
 * take no credential, or mail somebody; people open a link once.
 */
const claimRoutes = {
  'POST /key/claim': { ratePerSecond: 5, burst: 20 },
  'POST /key/{key}/claim-link': { ratePerSecond: 5, burst: 20 },
} as const;

/** Up to 1.7 MB for whoever asks, without a credential: a page has four files at most, and a browser keeps them. */
const pageRoutes = (limit: Throttle) => ({
  'GET /docs': limit,
  'GET /docs/{file}': limit,
  'GET /openapi.json': limit,
  'GET /ui': limit,
  'GET /ui/{file}': limit,
});

const costlyRoutes = {
  ...claimRoutes,
  ...pageRoutes({ ratePerSecond: 10, burst: 20 }),
  // Secrets Manager takes 50 new secrets, and 50 new values, a second of the whole account and region.
  'POST /key/generate': { ratePerSecond: 25, burst: 50 },
  'POST /key/service-account/generate': { ratePerSecond: 25, burst: 50 },
  'POST /key/regenerate': { ratePerSecond: 25, burst: 50 },
  'POST /key/{key}/regenerate': { ratePerSecond: 25, burst: 50 },
  // Up to 500 rows, each with its write; up to 100 keys, each with its secret.
  'POST /key/bulk_update': { ratePerSecond: 5, burst: 10 },
  'POST /key/delete': { ratePerSecond: 20, burst: 40 },
  // A filter looks through thousands of rows for one page.
  'GET /key/list': { ratePerSecond: 20, burst: 40 },
  'GET /key/aliases': { ratePerSecond: 20, burst: 40 },
  'GET /audit': { ratePerSecond: 20, burst: 40 },
} as const;

/** Shared by the environments on AWS; each block below overrides what it wants otherwise. */
const aws = {
  baseUrl: null,
  // For instance { name: 'keys.your-domain', certificateArn: 'arn:aws:acm:...', hostedZone: null }.
  domain: null,
  storeAuditLogs: true,
  mail: {
    // To turn mail on: an address your SES account may send from, e.g. from 'keys@your-domain' with
    // identity 'your-domain', the domains that may receive, and alerting true.
    ...mailLooks,
    alerting: false,
    from: null,
    identity: null,
    createsIdentity: true,
    domains: [],
    claimLinkHours: 24,
    // Whom to tell when a mail did not arrive, e.g. 'platform-team@your-domain'.
    backupContact: null,
  },
  keys: {
    defaults: {},
    limits: {},
    // What a rotated value is still let in for: by default not at all, and never longer than a week.
    // With keys on a schedule, make `standard` longer than whoever reads a secret keeps a copy.
    gracePeriod: { standard: '0s', limit: '7d' },
    allowCustomKeys: false,
    aliasPattern: null,
    maxKeysPerUser: 25,
  },
  streamReaderConcurrency: null,
  alarmAddress: null,
  provisionedConcurrency: {},
  tracing: false,
  timing: awsTiming,
  local: null,
} as const;

const secrets = {
  storeVirtualKeys: true,
  // Another prefix for what is made from now on: the one until now belongs in here.
  previousPrefixes: [],
  tags: {},
  kmsKeyArn: null,
  readers: [],
} as const;

/**
 * All environments by name. The mirrored names differ in their prefix, so that two environments can
 * share an account without one taking the other's names.
 */
export const environments: Readonly<Record<string, Environment>> = {
  /** The local AWS that `npm start` brings up. Its state is thrown away at will. */
  local: {
    ...aws,
    ...localTarget,
    name: 'local',
    secrets: { ...secrets, prefix: 'litellm/' },
    mail: {
      ...mailLooks,
      alerting: true,
      from: 'latchkey@localhost.example',
      identity: 'latchkey@localhost.example',
      createsIdentity: true,
      domains: ['*'],
      claimLinkHours: 24,
      backupContact: 'team@localhost.example',
    },
    keys: { ...aws.keys, allowCustomKeys: true },
    throttling: {
      ratePerSecond: 1000,
      burst: 2000,
      routes: { ...claimRoutes, ...pageRoutes({ ratePerSecond: 100, burst: 200 }) },
    },
    retention: { logs: RetentionDays.ONE_DAY, deletedKeysDays: 30, failuresDays: 7 },
    keepsData: false,
    // Nothing is late, stale or skewed on one machine; tests need not wait minutes. A schedule cannot
    // run more often than every minute, so they start the reconciler themselves.
    timing: {
      functionTimeoutSeconds: 8,
      lateCallSeconds: 1,
      staleReadSeconds: 1,
      clockSkewSeconds: 1,
      fenceSeconds: 11,
      reconcilerPeriodSeconds: 60,
    },
    local: { masterKeyValue: 'sk-1234', secretsEndpoint: null },
  },

  /** For trying things out: goes away with `cdk destroy`. */
  dev: {
    ...aws,
    name: 'dev',
    secrets: { ...secrets, prefix: 'litellm-dev/' },
    keys: { ...aws.keys, allowCustomKeys: true },
    throttling: { ratePerSecond: 50, burst: 100, routes: costlyRoutes },
    retention: { logs: RetentionDays.ONE_WEEK, deletedKeysDays: 30, failuresDays: 14 },
    keepsData: false,
  },

  /** Rehearses prod: same protections, shorter memory. */
  staging: {
    ...aws,
    name: 'staging',
    secrets: { ...secrets, prefix: 'litellm-staging/' },
    throttling: { ratePerSecond: 200, burst: 400, routes: costlyRoutes },
    retention: { logs: RetentionDays.ONE_MONTH, deletedKeysDays: 90, failuresDays: 30 },
    keepsData: true,
  },

  prod: {
    ...aws,
    name: 'prod',
    secrets: { ...secrets, prefix: 'litellm/' },
    throttling: { ratePerSecond: 500, burst: 1000, routes: costlyRoutes },
    retention: { logs: RetentionDays.THREE_MONTHS, deletedKeysDays: 365, failuresDays: 90 },
    keepsData: true,
    // At least the shards of the stream, four at first. It comes out of the account's concurrency, of
    // which AWS keeps 100 unreserved: a young account has 10 in all and needs null here, or a raise.
    streamReaderConcurrency: 20,
  },
};

/** What `cdk -c` may add to an environment. */
export interface Overrides {
  readonly baseUrl?: string;
  readonly secretsEndpoint?: string;
}

/**
 * The named environment, checked and normalised. Throws `EnvironmentError` where it is unknown,
 * incomplete, or in the way of another one.
 */
export function findEnvironment(
  name: string | undefined,
  overrides: Overrides = {},
  all: typeof environments = environments,
): Environment {
  const known = Object.keys(all).join(', ');
  if (name === undefined) {
    throw new EnvironmentError('(none)', 'env', `is not set: pass -c env=<name>, one of ${known}`);
  }
  const environment = Object.hasOwn(all, name) ? all[name] : undefined;
  if (environment === undefined) {
    throw new EnvironmentError(
      name,
      'env',
      `is unknown: use one of ${known}, or add it to lib/environments.ts`,
    );
  }
  const checked = checkEnvironment(withOverrides(environment, overrides));
  checkApart(checked, Object.values(all));
  return checked;
}

function withOverrides(environment: Environment, overrides: Overrides): Environment {
  const { baseUrl, secretsEndpoint } = overrides;
  const { name, local } = environment;
  if (local === null && (baseUrl ?? secretsEndpoint) !== undefined) {
    const option = baseUrl === undefined ? 'secretsEndpoint' : 'baseUrl';
    throw new EnvironmentError(
      name,
      option,
      'can be passed with -c only where env=local: elsewhere what is deployed is what lib/environments.ts says',
    );
  }
  return {
    ...environment,
    baseUrl: baseUrl ?? environment.baseUrl,
    local: local && { ...local, secretsEndpoint: secretsEndpoint ?? local.secretsEndpoint },
  };
}
