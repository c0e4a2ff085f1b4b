import { Match } from 'aws-cdk-lib/assertions';
import { describe, expect, it } from 'vitest';
import { resourcesOf } from './fixtures/resources.ts';
import { sample, templateOf } from './fixtures/synthesise.ts';

const tables = (environment: (typeof sample)[keyof typeof sample]) =>
  resourcesOf(templateOf(environment), 'AWS::DynamoDB::GlobalTable');

describe('tables', () => {
  it('keep their logical ids: another id is another, empty table with another stream', () => {
    const ids = Object.keys(templateOf(sample.prod).findResources('AWS::DynamoDB::GlobalTable'));
    expect(ids).toEqual([
      'KeysTableDD857A22',
      'AuditTableB07F8EEB',
      'IdempotencyTable22A5A209',
      'NoticesTable095FDDAC',
    ]);
    expect(Object.keys(templateOf(sample.prod).findResources('AWS::S3::Bucket'))).toEqual([
      'StreamsFailures072DC533',
    ]);
  });

  it.each(['staging', 'prod'] as const)('outlive the stack in %s and cannot be deleted', (name) => {
    for (const [id, table] of Object.entries(tables(sample[name]))) {
      expect(table.DeletionPolicy, id).toBe('Retain');
      expect(table.Properties, id).toMatchObject({
        Replicas: [{ DeletionProtectionEnabled: true }],
      });
    }
    const [bucket] = Object.values(resourcesOf(templateOf(sample[name]), 'AWS::S3::Bucket'));
    expect(bucket?.DeletionPolicy).toBe('Retain');
  });

  it.each(['local', 'dev'] as const)('go with the stack in %s', (name) => {
    for (const [id, table] of Object.entries(tables(sample[name]))) {
      expect(table.DeletionPolicy, id).toBe('Delete');
    }
  });

  it('that hold keys and their history have both images in a stream, and recovery', () => {
    for (const id of ['KeysTable', 'AuditTable']) {
      expect(tables(sample.prod)[id]?.Properties, id).toMatchObject({
        BillingMode: 'PAY_PER_REQUEST',
        StreamSpecification: { StreamViewType: 'NEW_AND_OLD_IMAGES' },
        Replicas: [{ PointInTimeRecoverySpecification: { PointInTimeRecoveryEnabled: true } }],
      });
    }
  });

  it('that hold what expires have neither', () => {
    for (const id of ['IdempotencyTable', 'NoticesTable']) {
      const properties = tables(sample.prod)[id]?.Properties;
      expect(properties, id).not.toHaveProperty('StreamSpecification');
      expect(properties, id).toMatchObject({
        TimeToLiveSpecification: { AttributeName: 'ttl', Enabled: true },
      });
      expect(JSON.stringify(properties), id).not.toContain('PointInTimeRecovery');
    }
  });

  it('copy one narrow attribute into list indexes and nothing into the others', () => {
    const projections = Object.values(tables(sample.prod)).flatMap(({ Properties }) => {
      const indexes = Properties['GlobalSecondaryIndexes'];
      return Array.isArray(indexes)
        ? indexes.map(({ IndexName, Projection }) => [IndexName, Projection])
        : [];
    });
    const listed = { ProjectionType: 'INCLUDE', NonKeyAttributes: ['listed'] };
    const keysOnly = { ProjectionType: 'KEYS_ONLY' };
    expect(Object.fromEntries(projections)).toEqual({
      byCreated: listed,
      byUser: listed,
      byTeam: listed,
      due: keysOnly,
      parked: keysOnly,
      byTime: keysOnly,
      byActor: keysOnly,
      byObject: keysOnly,
    });
  });
});

describe('logs', () => {
  it.each(['local', 'dev', 'staging', 'prod'] as const)('end, in %s too', (name) => {
    for (const [id, { Properties }] of Object.entries(
      resourcesOf(templateOf(sample[name]), 'AWS::Logs::LogGroup'),
    )) {
      expect(Properties['RetentionInDays'], id).toBe(sample[name].retention.logs);
    }
  });
});

describe('alarms', () => {
  it('go to an encrypted topic that takes TLS only and still lets alarms in', () => {
    const template = templateOf(sample.full);
    template.hasResourceProperties('AWS::SNS::Topic', { KmsMasterKeyId: Match.anyValue() });
    template.hasResourceProperties('AWS::SNS::TopicPolicy', {
      PolicyDocument: Match.objectLike({
        Statement: [
          Match.objectLike({
            Effect: 'Deny',
            Condition: { Bool: { 'aws:SecureTransport': 'false' } },
          }),
          Match.objectLike({
            Effect: 'Allow',
            Action: 'sns:Publish',
            Principal: { Service: 'cloudwatch.amazonaws.com' },
          }),
        ],
      }),
    });
    template.hasResourceProperties('AWS::SNS::Subscription', {
      Protocol: 'email',
      Endpoint: 'oncall@acme.io',
    });
  });
});

describe('mail', () => {
  it('is sent over TLS or not at all', () => {
    templateOf(sample.full).hasResourceProperties('AWS::SES::ConfigurationSet', {
      DeliveryOptions: { TlsPolicy: 'REQUIRE' },
    });
  });
});
