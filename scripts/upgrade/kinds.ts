import { bucketLosses } from './bucket-losses.ts';
import { mappingLosses } from './mapping-losses.ts';
import { secretLosses } from './secret-losses.ts';
import { tableLosses } from './table-losses.ts';
import type { Resource } from './template.ts';

/** A type of resource that has something to lose. */
export interface Kind {
  /** What a sentence calls it. */
  readonly noun: string;
  /** What goes with it. */
  readonly holds: string;
  /** Properties of which a change makes CloudFormation put a new one in its place. */
  readonly replacing: readonly string[];
  /** Properties of which CloudFormation refuses a change. */
  readonly refused: readonly string[];
  /** What a change loses besides, a sentence each. */
  readonly losses: (before: Resource, after: Resource) => Iterable<string>;
}

const nothing = () => [];
const table = {
  noun: 'table',
  holds: 'all its items, its backups and its stream',
  refused: [],
  losses: tableLosses,
};

/**
 * By type. What is replaced is what the resource's reference says: "Update requires: Replacement".
 * https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/aws-template-resource-type-ref.html
 */
export const kinds: Readonly<Record<string, Kind>> = {
  'AWS::DynamoDB::GlobalTable': {
    ...table,
    replacing: ['KeySchema', 'LocalSecondaryIndexes', 'TableName'],
  },
  'AWS::DynamoDB::Table': {
    ...table,
    replacing: ['KeySchema', 'LocalSecondaryIndexes', 'TableName', 'ImportSourceSpecification'],
  },
  'AWS::S3::Bucket': {
    noun: 'bucket',
    holds: 'the records in it that still wait for a replay',
    replacing: ['BucketName', 'BucketNamePrefix', 'BucketNamespace', 'ObjectLockEnabled'],
    refused: [],
    losses: bucketLosses,
  },
  'AWS::SecretsManager::Secret': {
    noun: 'secret',
    holds: 'the value in it',
    replacing: ['Name'],
    refused: [],
    losses: secretLosses,
  },
  'AWS::KMS::Key': {
    noun: 'key of KMS',
    holds: 'whatever is encrypted under it',
    replacing: [],
    // https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/aws-resource-kms-key.html
    refused: ['KeySpec', 'KeyUsage', 'MultiRegion', 'Origin'],
    *losses(_, { Properties }) {
      if (Properties['Enabled'] === false) {
        yield 'is disabled: nothing under it can be read. Leave it enabled.';
      }
    },
  },
  'AWS::Lambda::EventSourceMapping': {
    noun: 'event source mapping',
    holds: 'its place in the stream',
    replacing: ['EventSourceArn', 'StartingPosition', 'StartingPositionTimestamp'],
    refused: [],
    losses: mappingLosses,
  },
  'AWS::ApiGatewayV2::Api': {
    noun: 'API',
    holds: 'its address, which clients have in their settings',
    replacing: ['ProtocolType'],
    refused: [],
    losses: nothing,
  },
};
