import { describe, expect, it } from 'vitest';
import openApi from '../../docs/openapi.json' with { type: 'json' };
import { checkEnvironment } from '../../lib/check-environment.ts';
import type { DomainSettings, Environment } from '../../lib/environment.ts';
import { EnvironmentError } from '../../lib/environment-error.ts';
import { environments, findEnvironment } from '../../lib/environments.ts';
import { functionSettings, settingsVariable } from '../../lib/function-settings.ts';
import { normaliseSecretPrefix } from '../../lib/secret-prefix.ts';
import packageJson from '../../package.json' with { type: 'json' };
import { sample, stackOf, templateOf } from './fixtures/synthesise.ts';

const { full, local, prod, tuned } = sample;

/** What is said of the environment, which must be one line. */
function refusal(environment: Environment): string {
  try {
    checkEnvironment(environment);
  } catch (error) {
    if (!(error instanceof EnvironmentError)) throw error;
    expect(error.message).not.toContain('\n');
    return error.message;
  }
  return 'accepted';
}

describe('environments', () => {
  it.each(Object.keys(environments))('%s is complete as it is shipped', (name) => {
    expect(findEnvironment(name).name).toBe(name);
  });

  it('share no prefix on AWS, so that they can share an account', () => {
    const prefixes = ['dev', 'staging', 'prod'].map((name) => findEnvironment(name).secrets.prefix);
    expect(new Set(prefixes).size).toBe(3);
  });

  it('refuses an unknown one, a missing one, and what every object has', () => {
    const known = 'local, dev, staging, prod';
    expect(() => findEnvironment('qa')).toThrow(
      `Environment qa: env is unknown: use one of ${known}`,
    );
    expect(() => findEnvironment(undefined)).toThrow(`pass -c env=<name>, one of ${known}`);
    expect(() => findEnvironment('toString')).toThrow(EnvironmentError);
  });

  it('takes overrides for local only, and secrets to loopback only', () => {
    expect(findEnvironment('local', { baseUrl: 'http://localhost:4000' }).baseUrl).toBe(
      'http://localhost:4000',
    );
    expect(() => findEnvironment('prod', { baseUrl: 'https://x.io' })).toThrow(/prod: baseUrl/);
    expect(() => findEnvironment('local', { baseUrl: 'http://10.0.0.1' })).toThrow(/loopback/);
    const elsewhere = ['http://10.0.0.1:1', 'https://127.0.0.1', 'http://127.0.0.1.evil.io', 'x'];
    for (const secretsEndpoint of elsewhere) {
      expect(() => findEnvironment('local', { secretsEndpoint })).toThrow(/secretsEndpoint/);
      expect(() => findEnvironment('dev', { secretsEndpoint })).toThrow(/dev: secretsEndpoint/);
    }
  });
});

describe('secret prefix', () => {
  it.each([
    ['litellm', 'litellm/'],
    ['litellm/', 'litellm/'],
    ['litellm///', 'litellm/'],
    ['/litellm/', 'litellm/'],
    [' team/keys ', 'team/keys/'],
    ['', null],
    ['  ', null],
    ['//', null],
  ])('%j becomes %j', (written, normalised) => {
    expect(normaliseSecretPrefix(written)).toBe(normalised);
  });

  it('is normalised in the checked environment', () => {
    const written = { ...prod, secrets: { ...prod.secrets, prefix: 'keys//' } };
    expect(checkEnvironment(written).secrets.prefix).toBe('keys/');
  });

  it('is normalised where it was in use before', () => {
    const written = {
      ...prod,
      secrets: { ...prod.secrets, previousPrefixes: ['/old', 'older//'] },
    };
    expect(checkEnvironment(written).secrets.previousPrefixes).toEqual(['old/', 'older/']);
  });
});

describe('environments beside each other', () => {
  const at = (name: string, prefix: string, changes: Partial<Environment> = {}): Environment => ({
    ...prod,
    name,
    secrets: { ...prod.secrets, prefix },
    ...changes,
  });

  it.each<[string, Environment, Environment]>([
    ['the same prefix', at('one', 'keys/'), at('two', '/keys')],
    ['a prefix under that of the other', at('one', 'keys/'), at('two', 'keys/two/')],
    ['a prefix above that of the other', at('one', 'keys/one'), at('two', 'keys')],
    [
      'one account and region',
      at('one', 'keys/', { account: '111122223333', region: 'eu-west-1' }),
      at('two', 'keys/', { account: '111122223333', region: 'eu-west-1' }),
    ],
    [
      'the prefix that the other had before',
      at('one', 'keys/'),
      { ...prod, name: 'two', secrets: { ...prod.secrets, previousPrefixes: ['keys'] } },
    ],
  ])('are refused with %s', (_, one, two) => {
    const overlap = /one: secrets\.prefix "keys\/.*" and "keys\/.*" of two overlap/;
    expect(() => findEnvironment('one', {}, { one, two })).toThrow(overlap);
  });

  const reaching = at('one', 'latchkey/two/');
  const reached = at('two', 'keys/');
  const before = { ...prod.secrets, previousPrefixes: ['/latchkey/two'] };
  it.each<[string, Environment, Environment]>([
    ['its prefix', reaching, reached],
    ['a prefix that it had before', { ...reaching, secrets: before }, reached],
  ])('are refused where the admin key of one is under %s of the other', (_, one, two) => {
    for (const name of ['one', 'two']) {
      const own = new RegExp(
        `${name}: secrets\\.prefix "latchkey/two/" of one covers latchkey/two/master-key, the admin key of two`,
      );
      expect(() => findEnvironment(name, {}, { one, two })).toThrow(own);
    }
    const elsewhere = { ...two, account: '222233334444' };
    const all = { one: { ...one, account: '111122223333' }, two: elsewhere };
    expect(findEnvironment('one', {}, all).name).toBe('one');
  });

  it.each<[string, Environment, Environment]>([
    ['prefixes that only begin alike', at('one', 'keys/'), at('two', 'keys-two/')],
    [
      'other accounts',
      at('one', 'keys/', { account: '111122223333' }),
      at('two', 'keys/', { account: '222233334444' }),
    ],
    [
      'other regions',
      at('one', 'keys/', { region: 'eu-west-1' }),
      at('two', 'keys/', { region: 'us-east-1' }),
    ],
  ])('pass with %s', (_, one, two) => {
    expect(findEnvironment('one', {}, { one, two }).name).toBe('one');
  });
});

describe('an environment that would deploy and not work', () => {
  const secrets = (changes: object) => ({ ...full, secrets: { ...full.secrets, ...changes } });
  const mail = (changes: object) => ({ ...full, mail: { ...full.mail, ...changes } });
  const keys = (changes: object) => ({ ...full, keys: { ...full.keys, ...changes } });
  const domain = (changes: Partial<DomainSettings>, more: Partial<Environment> = {}) => {
    const { domain: its } = tuned;
    return { ...tuned, baseUrl: null, ...more, domain: its && { ...its, ...changes } };
  };
  const throttling = (changes: object) => ({
    ...full,
    throttling: { ...full.throttling, ...changes },
  });
  const timing = (changes: object) => ({ ...full, timing: { ...full.timing, ...changes } });

  it.each<[string, Environment, string]>([
    ['has no prefix', secrets({ prefix: '/' }), 'secrets.prefix is empty'],
    ['has a prefix AWS refuses', secrets({ prefix: 'a b' }), 'secrets.prefix is "a b/"'],
    ['mirrors over its admin key', secrets({ prefix: 'latchkey' }), 'secrets.prefix covers'],
    ['mirrors over its own', secrets({ prefix: 'latchkey/prod' }), 'secrets.prefix covers'],
    ['had no prefix', secrets({ previousPrefixes: [''] }), 'secrets.previousPrefixes is empty'],
    [
      'mirrored over its admin key',
      secrets({ previousPrefixes: ['latchkey'] }),
      'secrets.previousPrefixes covers',
    ],
    ['trusts a bare name', secrets({ readers: ['bob'] }), 'secrets.readers has "bob"'],
    ['tags over ours', secrets({ tags: { key_id: 'x' } }), 'secrets.tags has "key_id"'],
    ['has an alias as key', secrets({ kmsKeyArn: 'alias/x' }), 'secrets.kmsKeyArn is not'],
    ['mails from nobody', mail({ from: null }), 'mail.from is not set'],
    ['mails from nowhere', mail({ identity: null }), 'mail.identity is not set'],
    [
      'mails from an example',
      mail({ from: 'a@example.com', identity: 'a@example.com' }),
      'an example',
    ],
    [
      'mails from a sub-example',
      mail({ from: 'a@x.example', identity: 'x.example' }),
      'an example',
    ],
    ['mails from another', mail({ identity: 'cme.io' }), 'mail.identity is "cme.io"'],
    ['mails to nobody', mail({ domains: [] }), 'mail.domains is empty'],
    [
      'mails without a subject',
      mail({ subjectPrefix: ' ' }),
      'mail.subjectPrefix must be one line',
    ],
    ['breaks its subject', mail({ subjectPrefix: 'a\nBcc: b' }), 'mail.subjectPrefix must be one'],
    [
      'has a bare logo',
      mail({ logoUrl: 'http://a.io/x.png' }),
      'mail.logoUrl is "http://a.io/x.png"',
    ],
    ['has a blank contact', mail({ supportContact: '' }), 'mail.supportContact must be one line'],
    ['signs with nothing', mail({ signature: 'Yours\n\nAcme' }), 'mail.signature must be lines'],
    ['has links for half an hour', mail({ claimLinkHours: 0.5 }), 'mail.claimLinkHours is 0.5'],
    ['has links for less than no time', mail({ claimLinkHours: -1 }), 'mail.claimLinkHours is -1'],
    ['has links for ever', mail({ claimLinkHours: 169 }), 'mail.claimLinkHours is 169'],
    ['a contact that is none', mail({ backupContact: 'team' }), 'mail.backupContact is "team"'],
    ['matches with nonsense', keys({ aliasPattern: '(' }), 'keys.aliasPattern is "("'],
    [
      'matches with what only other engines take',
      keys({ aliasPattern: '[a-z]+\\-[0-9]+' }),
      'keys.aliasPattern is "[a-z]+\\-[0-9]+"',
    ],
    ['allows no key', keys({ maxKeysPerUser: 0 }), 'keys.maxKeysPerUser must be'],
    [
      'defaults above its limit',
      keys({ defaults: { max_budget: 9 }, limits: { max_budget: 5 } }),
      'keys.defaults.max_budget is above keys.limits.max_budget',
    ],
    [
      'has a vague duration',
      keys({ limits: { duration: '1 year' } }),
      'keys.limits.duration is "1 year"',
    ],
    [
      'starts budgets anew every other month',
      keys({ defaults: { budget_duration: '2mo' } }),
      'keys.defaults.budget_duration is "2mo", which the API refuses: budget_duration cannot span',
    ],
    [
      'limits budgets to two months',
      keys({ limits: { budget_duration: '2mo' } }),
      'keys.limits.budget_duration is "2mo", which the API refuses',
    ],
    [
      'makes keys that are over at once',
      keys({ defaults: { duration: '0d' } }),
      'keys.defaults.duration is "0d", which the API refuses: duration must be longer than zero',
    ],
    [
      'makes keys for ever',
      keys({ limits: { duration: '99999mo' } }),
      'keys.limits.duration is "99999mo", which the API refuses: duration reaches past',
    ],
    [
      'makes keys last longer than it allows',
      keys({ defaults: { duration: '31d' }, limits: { duration: '30d' } }),
      'keys.defaults.duration is "31d", which is longer than keys.limits.duration, "30d", on',
    ],
    [
      'does so in February only',
      keys({ defaults: { duration: '29d' }, limits: { duration: '1mo' } }),
      'keys.defaults.duration is "29d", which is longer than keys.limits.duration, "1mo", on 2029-01-31',
    ],
    [
      'has budgets last longer than it allows',
      keys({ defaults: { budget_duration: '1mo' }, limits: { budget_duration: '7d' } }),
      'keys.defaults.budget_duration is "1mo", which is longer than',
    ],
    [
      'lets former values in for nobody knows how long',
      keys({ gracePeriod: { standard: 'a while', limit: '7d' } }),
      'keys.gracePeriod.standard is "a while", which is no duration such as "24h"',
    ],
    [
      'lets former values in for less than no time',
      keys({ gracePeriod: { standard: '0s', limit: '-1d' } }),
      'keys.gracePeriod.limit is "-1d", which is no duration',
    ],
    [
      'lets former values in for longer than it allows',
      keys({ gracePeriod: { standard: '24h', limit: '1h' } }),
      'keys.gracePeriod.standard is "24h", longer than the limit, "1h"',
    ],
    [
      'does so in February only',
      keys({ gracePeriod: { standard: '29d', limit: '1mo' } }),
      'keys.gracePeriod.standard is "29d", longer than the limit, "1mo"',
    ],
    [
      'has a negative default',
      keys({ defaults: { tpm_limit: -1 } }),
      'keys.defaults.tpm_limit is negative',
    ],
    [
      'has a negative limit',
      keys({ limits: { rpm_limit: -1 } }),
      'keys.limits.rpm_limit is negative',
    ],
    ['has no number', keys({ limits: { max_budget: NaN } }), 'keys.limits.max_budget is'],
    ['has no end', keys({ defaults: { max_budget: Infinity } }), 'keys.defaults.max_budget is inf'],
    [
      'has half a request',
      keys({ defaults: { max_parallel_requests: 0.5 } }),
      'keys.defaults.max_parallel_requests is 0.5',
    ],
    ['has a plain base URL', { ...full, baseUrl: 'http://keys.acme.io' }, 'baseUrl is'],
    ['has a long base URL', { ...full, baseUrl: 'https://keys.acme.io/' }, 'baseUrl ends in "/"'],
    [
      'has a URL as domain',
      domain({ name: 'https://keys.acme.io' }),
      'domain.name is "https://keys.acme.io"',
    ],
    ['has a word as domain', domain({ name: 'keys' }), 'domain.name is "keys"'],
    ['has capitals in its domain', domain({ name: 'Keys.acme.io' }), 'domain.name is "Keys.acme'],
    [
      'has no certificate',
      domain({ certificateArn: 'arn:aws:iam::111122223333:server-certificate/x' }),
      'domain.certificateArn is "arn:aws:iam',
    ],
    [
      'has a certificate of another region',
      domain({}, { region: 'us-east-1' }),
      'domain.certificateArn is of eu-west-1, and region is us-east-1: both must be the same',
    ],
    [
      'has a certificate of who knows which region',
      domain({}, { region: undefined }),
      'domain.certificateArn is of eu-west-1, and region is not set',
    ],
    [
      'has a certificate of another account',
      domain({}, { account: '444455556666' }),
      'domain.certificateArn is of account 111122223333, and account is 444455556666',
    ],
    [
      'has a zone of another domain',
      domain({ hostedZone: { id: 'Z1', name: 'cme.io' } }),
      'domain.hostedZone is of "cme.io", which keys.acme.io is not in',
    ],
    [
      'tells two base URLs',
      domain({}, { baseUrl: 'https://other.acme.io' }),
      'baseUrl is "https://other.acme.io", and domain.name makes it "https://keys.acme.io"',
    ],
    ['has a domain at home', { ...local, domain: tuned.domain }, 'domain is for AWS'],
    [
      'lets nobody in',
      throttling({ ratePerSecond: 0 }),
      'throttling.ratePerSecond must be above 0',
    ],
    [
      'throttles a route that is none',
      throttling({ routes: { 'GET /key/lists': { ratePerSecond: 1, burst: 1 } } }),
      'throttling.routes has "GET /key/lists", which is no route: use one of POST /key/generate, ',
    ],
    [
      'lets nobody list',
      throttling({ routes: { 'GET /key/list': { ratePerSecond: 5, burst: 0 } } }),
      'throttling.routes["GET /key/list"].burst must be above 0',
    ],
    [
      'keeps warm what is no operation',
      { ...full, provisionedConcurrency: { 'verify-keys': 1 } },
      'provisionedConcurrency has "verify-keys", which answers no route: use one of generate-key, ',
    ],
    [
      'keeps warm what nobody calls',
      { ...full, provisionedConcurrency: { 'settle-due': 1 } },
      'provisionedConcurrency has "settle-due", which answers no route',
    ],
    [
      'keeps none warm',
      { ...full, provisionedConcurrency: { 'verify-key': 0 } },
      'provisionedConcurrency["verify-key"] must be above 0',
    ],
    ['has no account', { ...full, account: '123' }, 'account is "123"'],
    ['alarms nobody', { ...full, alarmAddress: 'oncall' }, 'alarmAddress is "oncall"'],
    ['brings a local key along', { ...full, local: local.local }, 'local is for the environment'],
    ['is local in a real account', { ...local, account: '111122223333' }, 'account and region'],
    ['is local in any account', { ...prod, name: 'local', local: local.local }, 'account and reg'],
    ['is local elsewhere', { ...local, region: 'eu-west-1' }, 'must be 000000000000 and us-east-1'],
    ['is local without it', { ...local, local: null }, 'local is for the environment'],
    ['has half a second', timing({ clockSkewSeconds: 0.5 }), 'timing.clockSkewSeconds must be'],
    ['outlives the gateway', timing({ functionTimeoutSeconds: 30 }), 'must be below 30'],
    ['has no time to act', timing({ functionTimeoutSeconds: 5 }), 'must be above 5'],
    ['has a short fence', timing({ fenceSeconds: 59 }), 'is 59, must be at least 60'],
    [
      'repairs every minute and a half',
      timing({ reconcilerPeriodSeconds: 90 }),
      'timing.reconcilerPeriodSeconds must be whole minutes',
    ],
    [
      'repairs after a retry may run afresh',
      timing({ fenceSeconds: 82_780, reconcilerPeriodSeconds: 3600 }),
      'timing leaves a step open for 86400 s',
    ],
  ])('%s', (_, environment, expected) => {
    const message = refusal(environment);
    expect(message).toContain(expected);
    expect(message).toContain(`Environment ${environment.name}: `);
  });

  it('but not these', () => {
    expect(refusal(full)).toBe('accepted');
    expect(refusal(domain({}, { account: '111122223333' }))).toBe('accepted');
    expect(refusal(domain({}, { baseUrl: 'https://keys.acme.io' }))).toBe('accepted');
    expect(refusal(domain({ name: 'acme.io' }))).toBe('accepted');
    expect(refusal(domain({ hostedZone: null }))).toBe('accepted');
    expect(refusal(throttling({ routes: {} }))).toBe('accepted');
    expect(refusal({ ...full, provisionedConcurrency: { 'refuse-unknown-route': 1 } })).toBe(
      'accepted',
    );
    expect(refusal(mail({ claimLinkHours: 0 }))).toBe('accepted');
    expect(refusal(timing({ fenceSeconds: 82_779, reconcilerPeriodSeconds: 3600 }))).toBe(
      'accepted',
    );
    const rules = { duration: '28d', budget_duration: '30d', max_budget: 0.5, tpm_limit: 0 };
    const limits = { ...rules, duration: '1mo' };
    expect(refusal(keys({ defaults: rules, limits }))).toBe('accepted');
    expect(refusal(keys({ defaults: limits, limits }))).toBe('accepted');
    expect(refusal(keys({ gracePeriod: { standard: '0s', limit: '0s' } }))).toBe('accepted');
    expect(refusal(keys({ gracePeriod: { standard: '28d', limit: '1mo' } }))).toBe('accepted');
  });

  it('has the base URL of its domain', () => {
    expect(checkEnvironment({ ...tuned, baseUrl: null }).baseUrl).toBe('https://keys.acme.io');
    expect(checkEnvironment(prod).baseUrl).toBeNull();
  });

  it('is told when its settings outgrow a Lambda variable', () => {
    const domains = Array.from({ length: 300 }, (_, index) => `team-${index}.acme.io`);
    const large = { ...full, mail: { ...full.mail, domains } };
    expect(() => stackOf(large)).toThrow(/^Environment prod: settings take \d+ bytes/);
    const settings = functionSettings(prod, { apiUrl: 'https://x.io', configurationSet: null });
    const stack = stackOf(prod);
    expect(stack.resolve(settingsVariable(stack, settings))).toBe(JSON.stringify(settings));
  });
});

describe('outputs', () => {
  it('are what scripts and people look for', () => {
    expect(Object.keys(templateOf(prod).findOutputs('*')).sort()).toEqual([
      'AdminKeyCommand',
      'ApiId',
      'ApiUrl',
      'AuditFunctionName',
      'AuditTableName',
      'EmailFunctionName',
      'FailureBucketName',
      'IdempotencyTableName',
      'KeysTableName',
      'NoticesTableName',
      'ReconcilerFunctionName',
      'RotateSecretFunctionArn',
      'RotationFunctionName',
      'Version',
    ]);
  });

  it('tell the version that is deployed, as the served description does', () => {
    const [version] = Object.values(templateOf(prod).findOutputs('Version'));
    expect(version?.['Value']).toBe(packageJson.version);
    expect(openApi.info.version).toBe(packageJson.version);
  });
});
