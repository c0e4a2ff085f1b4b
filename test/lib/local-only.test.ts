import { describe, expect, it } from 'vitest';
import { checkLocalTarget, localTarget } from '../../lib/local-target.ts';
import { localIdentity } from '../../scripts/local/project.ts';
import { list, plain, resourcesOf, statementsOf } from './fixtures/resources.ts';
import { sample, stackOf, templateOf } from './fixtures/synthesise.ts';

const onAws = [sample.dev, sample.staging, sample.prod, sample.full];

const onEverything = (environment: (typeof onAws)[number]) =>
  statementsOf(templateOf(environment))
    .filter(({ Resource }) => list(Resource).some((resource) => plain(resource) === '*'))
    .flatMap(({ Action }) => list(Action));

/** What makes the local environment comfortable would be a hole anywhere else. */
describe('local conveniences', () => {
  const traces = ['MASTER_KEY_VALUE', 'sk-1234', 'AWS_ENDPOINT_URL', 'localhost', '127.0.0.1'];

  it.each(traces)('%s is in the local template and in no other', (trace) => {
    expect(JSON.stringify(templateOf(sample.local))).toContain(trace);
    for (const environment of onAws) {
      expect(JSON.stringify(templateOf(environment))).not.toContain(trace);
    }
  });

  it('a permission on everything is for local mail alone', () => {
    expect(onEverything(sample.local)).toEqual(['ses:SendEmail']);
    for (const environment of onAws) expect(onEverything(environment)).toEqual([]);
  });

  it('the guard in front of Secrets Manager is named to those who call it only', () => {
    const named = Object.entries(resourcesOf(templateOf(sample.local), 'AWS::Lambda::Function'))
      .filter(([, { Properties }]) => JSON.stringify(Properties).includes('AWS_ENDPOINT_URL'))
      .map(([id]) => id.replace(/Function.*/, ''));
    expect(named.sort()).toEqual([
      'AdminKeyprovisionadminkey',
      'Reconcilersettledue',
      'Rotationrotateduekeys',
      'SecretRotationrotatesecret',
      'claimkey',
      'deletekey',
      'generatekey',
      'regeneratekey',
      'updatekey',
    ]);
  });
});

describe('the local environment, whose admin key everybody knows', () => {
  const loopback = { AWS_ENDPOINT_URL: 'http://127.0.0.1:4566' };
  const refused = (variables: Record<string, string>) => () =>
    checkLocalTarget(sample.local, variables);

  it.each<[Record<string, string>, string]>([
    [{}, 'AWS_ENDPOINT_URL is not set'],
    [{ AWS_ENDPOINT_URL: '' }, 'AWS_ENDPOINT_URL is not set'],
    [
      { AWS_ENDPOINT_URL: 'https://cloudformation.us-east-1.amazonaws.com' },
      'AWS_ENDPOINT_URL is "https://cloudformation.us-east-1.amazonaws.com", no loopback',
    ],
    [{ AWS_ENDPOINT_URL: 'http://127.0.0.1.evil.io' }, 'AWS_ENDPOINT_URL is'],
    ...['CLOUDFORMATION', 'S3', 'STS', 'SSM'].map((service): [Record<string, string>, string] => [
      { ...loopback, [`AWS_ENDPOINT_URL_${service}`]: 'https://aws.amazon.com' },
      `AWS_ENDPOINT_URL_${service} is "https://aws.amazon.com", no loopback`,
    ]),
    [{ ...loopback, AWS_IGNORE_CONFIGURED_ENDPOINT_URLS: 'true' }, 'CONFIGURED_ENDPOINT_URLS is'],
  ])('is refused where the CLI would ask another AWS: %j', (variables, problem) => {
    expect(refused(variables)).toThrow(/^Environment local: .*, never for a real account$/);
    expect(refused(variables)).toThrow(problem);
  });

  it('is deployed to this machine, and the others wherever they go', () => {
    const every = {
      ...loopback,
      AWS_ENDPOINT_URL_S3: 'http://localhost:1',
      AWS_ENDPOINT_URL_STS: '',
      AWS_IGNORE_CONFIGURED_ENDPOINT_URLS: 'false',
    };
    expect(refused(every)).not.toThrow();
    for (const environment of onAws) expect(() => checkLocalTarget(environment, {})).not.toThrow();
  });

  it('names an account that is none, so that the CLI takes no real credentials for it', () => {
    const { account, region } = stackOf(sample.local);
    expect({ account, region }).toEqual(localTarget);
    expect(localTarget).toEqual({ account: localIdentity.accountId, region: localIdentity.region });
    expect(stackOf({ ...sample.dev, account: '111122223333' }).account).toBe('111122223333');
  });

  it('could not make its admin secret in another account, whoever deploys the template', () => {
    const made = statementsOf(templateOf(sample.local))
      .filter(({ role }) => role === 'AdminKeyprovisionadminkeyRole')
      .filter(({ Action }) => list(Action).includes('secretsmanager:CreateSecret'))
      .flatMap(({ Resource }) => list(Resource));
    const secret = 'arn:aws:secretsmanager:us-east-1:000000000000:secret:latchkey/local/master-key';
    expect(made).toEqual([secret, `${secret}-??????`]);
  });
});
