/** What a deploy would lose of the last release, and that each such change is refused by its own sentence. */
import { spawnSync } from 'node:child_process';
import { mkdtempSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, inject, it } from 'vitest';
import { compare } from '../../scripts/upgrade/compare.ts';
import type { Finding } from '../../scripts/upgrade/finding.ts';
import { holding, lastRelease, releasedResources } from '../../scripts/upgrade/released.ts';
import { type Resources, resourcesIn, resourcesInText } from '../../scripts/upgrade/template.ts';
import { sample, templateOf } from './fixtures/synthesise.ts';

const resources = (environment: (typeof sample)[keyof typeof sample]): Resources =>
  resourcesIn(templateOf(environment).toJSON(), environment.name);

const release = lastRelease() ?? 'none';
const prod = resources(sample.prod);
const on = { storeAuditLogs: true };
const off = { storeAuditLogs: false };

/** The logical id without CDK's hash, or the beginning of one, to the whole of it. */
function idOf(start: string): string {
  const id = Object.keys(holding(prod)).find((whole) => whole.startsWith(start));
  if (id === undefined) throw new Error(`Nothing is called ${start}`);
  return id;
}
const keys = idOf('KeysTable');
const audit = idOf('AuditTable');
const idempotency = idOf('IdempotencyTable');
const failures = idOf('StreamsFailures');
const auditReader = idOf('StreamsauditkeychangeKeyChanges');
const mailReader = idOf('StreamsemailkeychangeKeyChanges');
const alarmKey = idOf('AlarmsKey');
const api = idOf('ApiHttp');

const secret = {
  Type: 'AWS::SecretsManager::Secret',
  DeletionPolicy: 'Retain',
  Properties: { Name: 'latchkey/prod/other', GenerateSecretString: { PasswordLength: 32 } },
};

// oxlint-disable-next-line typescript/no-explicit-any -- a template to spoil
type Spoil = (resources: any) => void;

/** What is said of `spoil`, done to a copy of prod with a secret and a table that is not kept. */
function findings(spoil: Spoil, switches = on): Finding[] {
  const passing = {
    Type: 'AWS::DynamoDB::GlobalTable',
    DeletionPolicy: 'Delete',
    Properties: {},
  };
  const before = { ...prod, Secret: secret, Dev: passing };
  const after = structuredClone(before);
  spoil(after);
  return compare(before, after, switches);
}

const index = (name: string) => ({
  IndexName: name,
  KeySchema: [{ AttributeName: name, KeyType: 'HASH' }],
  Projection: { ProjectionType: 'KEYS_ONLY' },
});

/** Takes a resource away and puts it under another id. */
const moved =
  (id: string, other: string) =>
  // oxlint-disable-next-line typescript/no-explicit-any -- a template to spoil
  (all: any) => {
    all[other] = all[id];
    delete all[id];
  };

describe('the last release', () => {
  it.each(['local', 'dev', 'staging', 'prod'] as const)('loses nothing in %s', (name) => {
    const released = releasedResources(release, name) ?? {};
    expect(compare(released, resources(sample[name]), sample[name])).toEqual([]);
    expect(Object.keys(released).length).toBeGreaterThanOrEqual(8);
  });

  it('loses nothing where everything is turned on', () => {
    const released = releasedResources(release, 'prod') ?? {};
    expect(compare(released, resources(sample.full), on)).toEqual([]);
  });

  it('loses nothing where account and region are filled in, or taken out again', () => {
    const named = { ...sample.prod, account: '111122223333', region: 'eu-west-1' };
    expect(compare(prod, resources(named), on)).toEqual([]);
    expect(compare(resources(named), prod, on)).toEqual([]);
  });

  it('loses nothing where the audit is turned off and on again', () => {
    const without = { ...sample.prod, storeAuditLogs: false };
    expect(compare(prod, resources(without), off)).toEqual([]);
    expect(compare(resources(without), prod, on)).toEqual([]);
  });
});

describe('another prefix for secrets', () => {
  const elsewhere = { ...sample.prod.secrets, prefix: 'keys/' };

  it('is refused where the present one is forgotten', () => {
    const [only, ...others] = compare(prod, resources({ ...sample.prod, secrets: elsewhere }), on);
    expect(only?.says).toContain('Secrets under "litellm/" are not reached any more');
    expect(only?.says).toContain('Add "litellm/" to secrets.previousPrefixes');
    expect(others).toEqual([]);
  });

  it('is refused against the last release as well', () => {
    const released = releasedResources(release, 'prod') ?? {};
    const next = resources({ ...sample.prod, secrets: elsewhere });
    expect(compare(released, next, on)).toHaveLength(1);
  });

  it('loses nothing where the present one goes on being reached', () => {
    const secrets = { ...elsewhere, previousPrefixes: ['litellm/'] };
    expect(compare(prod, resources({ ...sample.prod, secrets }), on)).toEqual([]);
  });
});

describe('a change that loses something is refused', () => {
  const table = (all: Parameters<Spoil>[0]) => all[keys].Properties;
  const reader = (all: Parameters<Spoil>[0]) => all[mailReader].Properties;

  it.each<[string, string, string, Spoil]>([
    [
      'a table removed',
      idempotency,
      'is not in the template any more: CloudFormation leaves the old one behind',
      (all) => delete all[idempotency],
    ],
    [
      'a table that was not kept',
      'Dev',
      'deletes the old one, with all its items',
      (all) => delete all.Dev,
    ],
    [
      'a table under another id',
      idempotency,
      'another logical id, Other: CloudFormation makes a new one, without all its items',
      moved(idempotency, 'Other'),
    ],
    [
      'a table of the other type',
      idempotency,
      'becomes another type, AWS::DynamoDB::Table',
      (all) => {
        all[idempotency].Type = 'AWS::DynamoDB::Table';
      },
    ],
    [
      'a name for a table',
      keys,
      'another TableName: CloudFormation puts a new one in its place',
      (all) => {
        table(all).TableName = 'keys';
      },
    ],
    [
      'another partition key',
      keys,
      'another KeySchema: CloudFormation puts a new one in its place',
      (all) => {
        table(all).KeySchema[0].AttributeName = 'id';
      },
    ],
    [
      'a sort key',
      keys,
      'another KeySchema',
      (all) => {
        table(all).KeySchema.push({ AttributeName: 'sk', KeyType: 'RANGE' });
      },
    ],
    [
      'a key of another type',
      keys,
      'has pk as N where it was S',
      (all) => {
        table(all).AttributeDefinitions.find(
          (one: { AttributeName: string }) => one.AttributeName === 'pk',
        ).AttributeType = 'N';
      },
    ],
    [
      'a local index',
      keys,
      'another LocalSecondaryIndexes',
      (all) => {
        table(all).LocalSecondaryIndexes = [index('local')];
      },
    ],
    [
      'another view of the stream',
      keys,
      'has a stream of KEYS_ONLY where it was NEW_AND_OLD_IMAGES',
      (all) => {
        table(all).StreamSpecification.StreamViewType = 'KEYS_ONLY';
      },
    ],
    [
      'no stream',
      audit,
      'loses its stream',
      (all) => delete all[audit].Properties.StreamSpecification,
    ],
    [
      'an index removed',
      keys,
      'loses its index due',
      (all) => {
        table(all).GlobalSecondaryIndexes.pop();
      },
    ],
    [
      'an index with another key',
      keys,
      'has its index due with other keys',
      (all) => {
        table(all).GlobalSecondaryIndexes[3].KeySchema[0].AttributeName = 'due';
      },
    ],
    [
      'an index with other attributes',
      keys,
      'has its index byCreated with other keys or attributes',
      (all) => {
        table(all).GlobalSecondaryIndexes[0].Projection = { ProjectionType: 'ALL' };
      },
    ],
    [
      'two new indexes at once',
      keys,
      'has 2 indexes made or removed at once (one, two)',
      (all) => {
        table(all).GlobalSecondaryIndexes.push(index('one'), index('two'));
      },
    ],
    [
      'another attribute of expiry',
      keys,
      'expires items by gone where it was ttl',
      (all) => {
        table(all).TimeToLiveSpecification.AttributeName = 'gone';
      },
    ],
    [
      'no expiry',
      keys,
      'does not expire items by ttl any more',
      (all) => {
        table(all).TimeToLiveSpecification.Enabled = false;
      },
    ],
    [
      'expiry of the audit',
      audit,
      'expires items by ttl, which it did not',
      (all) => {
        all[audit].Properties.TimeToLiveSpecification = {
          AttributeName: 'ttl',
          Enabled: true,
        };
      },
    ],
    [
      'no recovery',
      keys,
      'has no point-in-time recovery any more',
      (all) => delete table(all).Replicas[0].PointInTimeRecoverySpecification,
    ],
    [
      'no deletion protection',
      keys,
      'has no deletion protection any more',
      (all) => {
        table(all).Replicas[0].DeletionProtectionEnabled = false;
      },
    ],
    [
      'a table that goes with the stack',
      keys,
      'has DeletionPolicy Delete where it was Retain',
      (all) => {
        all[keys].DeletionPolicy = 'Delete';
      },
    ],
    [
      'a table that goes when replaced',
      keys,
      'has UpdateReplacePolicy Delete where it was Retain',
      (all) => delete all[keys].UpdateReplacePolicy,
    ],
    [
      'a bucket under another id',
      failures,
      'The bucket has another logical id, Other',
      moved(failures, 'Other'),
    ],
    [
      'a name for the bucket',
      failures,
      'another BucketName',
      (all) => {
        all[failures].Properties.BucketName = 'failures';
      },
    ],
    [
      'objects that go sooner',
      failures,
      'keeps objects for 7 days where it was 90',
      (all) => {
        all[failures].Properties.LifecycleConfiguration.Rules[0].ExpirationInDays = 7;
      },
    ],
    [
      'a secret removed',
      'Secret',
      'The secret is not in the template any more',
      (all) => delete all.Secret,
    ],
    [
      'a secret renamed',
      'Secret',
      'another Name: CloudFormation puts a new one in its place, without the value in it',
      (all) => {
        all.Secret.Properties.Name = 'latchkey/prod/new';
      },
    ],
    [
      'a secret made anew',
      'Secret',
      'another GenerateSecretString',
      (all) => {
        all.Secret.Properties.GenerateSecretString.PasswordLength = 40;
      },
    ],
    [
      'another key of KMS',
      alarmKey,
      'another KeySpec: CloudFormation refuses the update',
      (all) => {
        all[alarmKey].Properties.KeySpec = 'RSA_2048';
      },
    ],
    [
      'a key of KMS disabled',
      alarmKey,
      'is disabled',
      (all) => {
        all[alarmKey].Properties.Enabled = false;
      },
    ],
    ['another API', api, 'without its address, which clients have', moved(api, 'Other')],
    [
      'a reader under another id',
      mailReader,
      'The event source mapping has another logical id, Other',
      moved(mailReader, 'Other'),
    ],
    [
      'another start',
      mailReader,
      'another StartingPosition: CloudFormation puts a new one in its place, without its place in the stream',
      (all) => {
        reader(all).StartingPosition = 'LATEST';
      },
    ],
    [
      'another filter',
      mailReader,
      'has another filter',
      (all) => {
        reader(all).FilterCriteria.Filters[0].Pattern = '{}';
      },
    ],
    ['no filter', mailReader, 'has another filter', (all) => delete reader(all).FilterCriteria],
    [
      'no reports of single failures',
      mailReader,
      'does not take reports of single failures',
      (all) => {
        reader(all).FunctionResponseTypes = [];
      },
    ],
    [
      'no failure destination',
      mailReader,
      'has no destination for what it gives up',
      (all) => delete reader(all).DestinationConfig,
    ],
    [
      'another failure destination',
      mailReader,
      'sends what it gives up to another place',
      (all) => {
        reader(all).DestinationConfig.OnFailure.Destination = 'arn:aws:sqs:::x';
      },
    ],
    [
      'no halving',
      mailReader,
      'does not halve a batch',
      (all) => {
        reader(all).BisectBatchOnFunctionError = false;
      },
    ],
    [
      'less patience',
      mailReader,
      'gives records up sooner (seconds: 3600, it was 21600)',
      (all) => {
        reader(all).MaximumRecordAgeInSeconds = 3600;
      },
    ],
    [
      'fewer tries',
      mailReader,
      'gives records up sooner (tries: 3, it was 10000)',
      (all) => {
        reader(all).MaximumRetryAttempts = 3;
      },
    ],
    [
      'a reader that does not read',
      mailReader,
      'is disabled',
      (all) => {
        reader(all).Enabled = false;
      },
    ],
    [
      'a third reader',
      keys,
      'has 3 readers',
      (all) => {
        all.Third = all[mailReader];
      },
    ],
  ])('%s', (_, id, sentence, spoil) => {
    const said = findings(spoil);
    expect(said).toEqual([{ id, says: expect.stringContaining(sentence) }]);
    // What would be lost, then what to do instead.
    expect(said[0]?.says).toMatch(/^The .+: .+\. .+\.$/);
  });

  it.each<[string, string, string]>([
    ['mails', mailReader, 'no reader for mails'],
    ['the audit', auditReader, 'no reader for the audit, and storeAuditLogs is on'],
  ])('the reader for %s removed, which its stream then lacks', (_, id, sentence) => {
    const said = findings((all) => delete all[id]);
    expect(said.map(({ id: at }) => at)).toEqual([id, keys]);
    expect(said[0]?.says).toContain('The event source mapping is not in the template any more');
    expect(said[1]?.says).toContain(sentence);
  });

  it('an index renamed, which is one removed and one made', () => {
    const said = findings((all) => {
      all[keys].Properties.GlobalSecondaryIndexes[3].IndexName = 'later';
    });
    expect(said.map(({ says }) => says)).toEqual([
      expect.stringContaining('loses its index due'),
      expect.stringContaining('has 2 indexes made or removed at once (later, due)'),
    ]);
  });

  it('a table under another id, told from one that is new', () => {
    const said = findings((all) => {
      all.New = { ...all[audit] };
      moved(idempotency, 'Other')(all);
    });
    expect(said).toEqual([
      { id: idempotency, says: expect.stringContaining('another logical id, Other') },
    ]);
  });

  it('fewer tries than without a bound', () => {
    const before = structuredClone(prod);
    // oxlint-disable-next-line typescript/no-explicit-any -- a template to spoil
    const tireless: any = before[mailReader];
    tireless.Properties.MaximumRetryAttempts = -1;
    expect(compare(before, prod, on)).toEqual([
      { id: mailReader, says: expect.stringContaining('(tries: 10000, it was without a bound)') },
    ]);
  });

  it('the reader for mails removed while the audit is off', () => {
    const said = findings((all) => {
      delete all[mailReader];
      delete all[auditReader];
    }, off);
    expect(said.map(({ id }) => id)).toEqual([mailReader, keys]);
  });

  it('a reader of another stream in place of the audit', () => {
    const said = findings((all) => {
      all[auditReader].Properties.EventSourceArn['Fn::GetAtt'][0] = audit;
    });
    expect(said.map(({ id }) => id)).toEqual([auditReader, keys]);
  });
});

describe('a change that loses nothing passes', () => {
  it.each<[string, Spoil]>([
    [
      'an expiry of objects that is turned off',
      (all) => {
        const [rule] = all[failures].Properties.LifecycleConfiguration.Rules;
        Object.assign(rule, { Status: 'Disabled', ExpirationInDays: 1 });
      },
    ],
    [
      'a function',
      (all) => {
        all.New = { Type: 'AWS::Lambda::Function', Properties: {} };
      },
    ],
    [
      'an alarm gone',
      (all) => {
        for (const id of Object.keys(all)) if (id.endsWith('Alarm')) delete all[id];
      },
    ],
    [
      'a table more',
      (all) => {
        all.More = { ...all[keys] };
      },
    ],
    [
      'one index more',
      (all) => {
        all[keys].Properties.GlobalSecondaryIndexes.push(index('one'));
      },
    ],
    [
      'objects kept for longer',
      (all) => {
        all[failures].Properties.LifecycleConfiguration.Rules[0].ExpirationInDays = 400;
      },
    ],
    [
      'logs kept for longer',
      (all) => {
        for (const one of Object.values<{ Type: string; Properties: { RetentionInDays?: number } }>(
          all,
        ))
          if (one.Type === 'AWS::Logs::LogGroup') one.Properties.RetentionInDays = 400;
      },
    ],
    [
      'other tags',
      (all) => {
        all[keys].Properties.Replicas[0].Tags = [{ Key: 'team', Value: 'x' }];
      },
    ],
    [
      'a reader of the audit table',
      (all) => {
        const copy = structuredClone(all[mailReader]);
        copy.Properties.EventSourceArn['Fn::GetAtt'][0] = audit;
        all.Third = copy;
      },
    ],
    [
      'larger batches',
      (all) => {
        all[mailReader].Properties.BatchSize = 100;
      },
    ],
    [
      'a reader that is another function now',
      (all) => {
        all[mailReader].Properties.FunctionName = { Ref: 'Other' };
      },
    ],
    [
      'protection added',
      (all) => {
        all[failures].Properties.VersioningConfiguration = { Status: 'Enabled' };
      },
    ],
  ])('%s', (_, change) => {
    expect(findings(change)).toEqual([]);
  });
});

describe('a template in a file', () => {
  const text = JSON.stringify(templateOf(sample.prod).toJSON());

  it('may be as it was synthesised, or as CloudFormation answers it', () => {
    expect(resourcesInText(text, 'file')).toEqual(prod);
    expect(resourcesInText(`{"TemplateBody": ${text}}`, 'file')).toEqual(prod);
    expect(resourcesInText(JSON.stringify({ TemplateBody: text }), 'file')).toEqual(prod);
  });

  it.each([
    '',
    '{}',
    'Resources:\n  A: {}',
    '{"TemplateBody": "Resources: {}"}',
    '{"Resources": 1}',
  ])('is refused where it is none: %j', (other) => {
    expect(() => resourcesInText(other, 'x.json')).toThrow('x.json is no CloudFormation template');
  });

  it('is compared by what it holds alone', () => {
    expect(compare(holding(prod), prod, on)).toEqual([]);
  });
});

describe('npm run check:upgrade', () => {
  const script = join(import.meta.dirname, '../../scripts/check-upgrade.ts');
  const command = (...args: string[]) =>
    spawnSync(process.execPath, [script, ...args], { encoding: 'utf8' });
  const file = (content: string) => {
    const path = join(mkdtempSync(join(inject('scratch'), 'deployed-')), 'template.json');
    writeFileSync(path, content);
    return path;
  };

  it('ends with 0 where nothing is lost', () => {
    const { status, stdout } = command('--env', 'prod');
    expect(stdout).toBe(
      `prod: ok, nothing is lost of the ${Object.keys(holding(prod)).length} resources in release ${release} that hold something\n`,
    );
    expect(status).toBe(0);
  });

  it('ends with 1 where what is deployed would lose something', () => {
    const deployed = { TemplateBody: { Resources: { ...prod, Secret: secret } } };
    const { status, stdout } = command('--env', 'prod', '--from', file(JSON.stringify(deployed)));
    expect(stdout).toContain('prod: refused, against');
    expect(stdout).toContain('\n  Secret: The secret is not in the template any more');
    expect(status).toBe(1);
  });

  it.each([
    [['--env', 'qa'], 'Environment qa: env is unknown'],
    [['--from', 'x.json'], 'Usage'],
    [['--write', '--env', 'prod'], 'Usage'],
    [['--env', 'prod', '--from', 'nowhere.json'], 'There is no file nowhere.json'],
    [['--env', 'prod', '--from', import.meta.filename], 'is no CloudFormation template'],
    [['--other'], 'Unknown option'],
  ])('ends with 2, and one line, where it cannot compare: %j', (args, message) => {
    const { status, stderr } = command(...args);
    expect(stderr).toContain(message);
    expect(stderr.trim().split('\n')).toHaveLength(1);
    expect(status).toBe(2);
  });
});
