import { RemovalPolicy, Validations } from 'aws-cdk-lib';
import {
  AttributeType,
  type GlobalSecondaryIndexPropsV2,
  ProjectionType,
  StreamViewType,
  TableV2,
} from 'aws-cdk-lib/aws-dynamodb';
import type { Construct } from 'constructs';
import {
  auditIndexes,
  claimLinkPrefix,
  keysIndexes,
  listedAttribute,
  tableAttributes,
} from '../lambdas/shared/adapters/table/keys.ts';
import type { Environment } from './environment.ts';
import type { Conditions, Operation } from './operation.ts';

const partitionKey = { name: tableAttributes.pk, type: AttributeType.STRING };
const sortKey = { name: tableAttributes.sk, type: AttributeType.STRING };
const timeToLiveAttribute = tableAttributes.ttl;

/** Tables of a stack. Each grants in the verbs of its callers: permission and variable in one call. */
export class KeysTable extends TableV2 {
  constructor(scope: Construct, id: string, environment: Environment) {
    super(scope, id, {
      ...protection(environment),
      partitionKey,
      timeToLiveAttribute,
      dynamoStream: StreamViewType.NEW_AND_OLD_IMAGES,
      pointInTimeRecoverySpecification: { pointInTimeRecoveryEnabled: true },
      globalSecondaryIndexes: [
        listIndex(keysIndexes.byCreated),
        listIndex(keysIndexes.byUser),
        listIndex(keysIndexes.byTeam),
        keysOnlyIndex(keysIndexes.due),
      ],
    });
  }

  /** ARN of the stream of changes: each with the item before and after. */
  get changesArn(): string {
    if (this.tableStreamArn === undefined) throw new Error('The keys table has no stream');
    return this.tableStreamArn;
  }

  /** Look rows, pointers and aliases up by key. No index: those are not strongly consistent. */
  grantRead(operation: Operation): void {
    this.give(operation, ['BatchGetItem']);
  }

  /** List keys and aliases, and look rows up. */
  grantList(operation: Operation): void {
    this.give(operation, ['BatchGetItem']);
    const { byCreated, byUser, byTeam } = keysIndexes;
    operation.allow(
      ['dynamodb:Query'],
      [byCreated, byUser, byTeam].map(({ name }) => `${this.tableArn}/index/${name}`),
    );
  }

  /** Put a new row with its pointer and alias, settle it, or take it back; count what a user owns. */
  grantGenerate(operation: Operation): void {
    this.give(operation, ['BatchGetItem', 'PutItem', 'UpdateItem', 'DeleteItem']);
    operation.allow(['dynamodb:Query'], [`${this.tableArn}/index/${keysIndexes.byUser.name}`]);
  }

  /** Write a row anew, under the revision that was read. */
  grantChange(operation: Operation): void {
    this.give(operation, ['BatchGetItem', 'PutItem']);
  }

  /** Write a row anew, take an alias for it, and free one. */
  grantRename(operation: Operation): void {
    this.give(operation, ['BatchGetItem', 'PutItem', 'UpdateItem']);
  }

  /** The same, with a new hash pointer, which goes again when that is undone. */
  grantRegenerate(operation: Operation): void {
    this.give(operation, ['BatchGetItem', 'PutItem', 'UpdateItem', 'DeleteItem']);
  }

  /** Find keys whose rotation is due, and give them a value with its hash pointer. */
  grantRotate(operation: Operation): void {
    this.grantRegenerate(operation);
    operation.allow(['dynamodb:Query'], [`${this.tableArn}/index/${keysIndexes.due.name}`]);
  }

  /** Write rows anew, free aliases, and have hash pointers expire. */
  grantDelete(operation: Operation): void {
    this.give(operation, ['BatchGetItem', 'PutItem', 'UpdateItem']);
  }

  /** Find rows that are due or next in the sweep, get its cursor, write rows anew with their aliases. */
  grantRepair(operation: Operation): void {
    this.give(operation, ['BatchGetItem', 'GetItem', 'PutItem', 'UpdateItem', 'DeleteItem']);
    operation.allow(
      ['dynamodb:Query'],
      [keysIndexes.due, keysIndexes.byCreated].map(({ name }) => `${this.tableArn}/index/${name}`),
    );
  }

  /** Put the admin key's row where it is absent. */
  grantProvision(operation: Operation): void {
    this.give(operation, ['BatchGetItem', 'PutItem']);
  }

  private give(operation: Operation, actions: readonly string[]) {
    give(operation, 'KEYS_TABLE', this, actions);
  }
}

/** One record per accepted change. Its stream, from the first deploy on, is where others attach. */
export class AuditTable extends TableV2 {
  constructor(scope: Construct, id: string, environment: Environment) {
    super(scope, id, {
      ...protection(environment),
      partitionKey,
      sortKey,
      dynamoStream: StreamViewType.NEW_AND_OLD_IMAGES,
      pointInTimeRecoverySpecification: { pointInTimeRecoveryEnabled: true },
      globalSecondaryIndexes: [
        keysOnlyIndex(auditIndexes.byTime),
        keysOnlyIndex(auditIndexes.byActor),
        keysOnlyIndex(auditIndexes.byObject),
      ],
    });
  }

  /** Read records by their id. */
  grantRead(operation: Operation): void {
    give(operation, 'AUDIT_TABLE', this, ['BatchGetItem']);
  }

  /** List records by time, key, object or actor, and read them. */
  grantList(operation: Operation): void {
    give(operation, 'AUDIT_TABLE', this, ['BatchGetItem', 'Query']);
    operation.allow(
      ['dynamodb:Query'],
      Object.values(auditIndexes).map(({ name }) => `${this.tableArn}/index/${name}`),
    );
  }

  /** Compare records with the keys' rows. */
  grantCompare(operation: Operation): void {
    give(operation, 'AUDIT_TABLE', this, ['Query']);
  }

  /** Write a record. Nobody may change or remove one; that none is overwritten is the writer's condition. */
  grantAppend(operation: Operation): void {
    give(operation, 'AUDIT_TABLE', this, ['PutItem']);
  }
}

/** First answers to retried requests, for 24 hours. */
export class IdempotencyTable extends TableV2 {
  constructor(scope: Construct, id: string, environment: Environment) {
    super(scope, id, { ...protection(environment), partitionKey, timeToLiveAttribute });
    acknowledgeNoRecovery(
      this,
      'The table holds first answers for 24 hours; restored ones would be wrong.',
    );
  }

  /** Find a request's record, and write it with the change itself. */
  grantKeep(operation: Operation): void {
    give(operation, 'IDEMPOTENCY_TABLE', this, ['BatchGetItem', 'PutItem']);
  }

  /** Find a request's record, write it with the change itself, and remove it when that is undone. */
  grantRecord(operation: Operation): void {
    give(operation, 'IDEMPOTENCY_TABLE', this, ['BatchGetItem', 'PutItem', 'DeleteItem']);
  }

  /** Remove the record of a request that is undone, so that a retry runs afresh. */
  grantRemove(operation: Operation): void {
    give(operation, 'IDEMPOTENCY_TABLE', this, ['DeleteItem']);
  }
}

/** Delivery state of mails. */
export class NoticesTable extends TableV2 {
  constructor(scope: Construct, id: string, environment: Environment) {
    super(scope, id, { ...protection(environment), partitionKey, timeToLiveAttribute });
    acknowledgeNoRecovery(
      this,
      'The table holds the delivery state of mails, which expires; keys do not depend on it.',
    );
  }

  /** Take a notice, so that it is sent once, and note what became of it; make the claim link of its mail. */
  grantNote(operation: Operation): void {
    give(operation, 'NOTICES_TABLE', this, ['GetItem', 'PutItem']);
  }

  /** Find a claim link, and use it up. No other item. */
  grantClaim(operation: Operation): void {
    give(operation, 'NOTICES_TABLE', this, ['GetItem', 'PutItem'], {
      'ForAllValues:StringLike': { 'dynamodb:LeadingKeys': `${claimLinkPrefix}*` },
    });
  }
}

function protection({ keepsData }: Environment) {
  return {
    deletionProtection: keepsData,
    removalPolicy: keepsData ? RemovalPolicy.RETAIN : RemovalPolicy.DESTROY,
  };
}

interface IndexNames {
  readonly name: string;
  readonly pk: string;
  readonly sk: string;
}

function keysOnlyIndex({ name, pk, sk }: IndexNames): GlobalSecondaryIndexPropsV2 {
  return {
    indexName: name,
    partitionKey: { name: pk, type: AttributeType.STRING },
    sortKey: { name: sk, type: AttributeType.STRING },
    projectionType: ProjectionType.KEYS_ONLY,
  };
}

function listIndex(names: IndexNames): GlobalSecondaryIndexPropsV2 {
  return {
    ...keysOnlyIndex(names),
    projectionType: ProjectionType.INCLUDE,
    nonKeyAttributes: [listedAttribute],
  };
}

/** On the table alone: `TableV2.grant` would add all its indexes. A transaction needs no action of its own. */
function give(
  operation: Operation,
  variable: 'KEYS_TABLE' | 'AUDIT_TABLE' | 'IDEMPOTENCY_TABLE' | 'NOTICES_TABLE',
  table: TableV2,
  actions: readonly string[],
  conditions: Conditions = {},
) {
  operation.setVariable(variable, table.tableName);
  operation.allow(
    actions.map((action) => `dynamodb:${action}`),
    [table.tableArn],
    conditions,
  );
}

function acknowledgeNoRecovery(table: TableV2, reason: string) {
  Validations.of(table).acknowledge({ id: 'AwsSolutions-DDB3', reason });
}
