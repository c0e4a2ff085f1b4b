import { Duration } from 'aws-cdk-lib';
import type { Metric } from 'aws-cdk-lib/aws-cloudwatch';
import type { Construct } from 'constructs';
import { serverErrors } from '../lambdas/shared/domain/metric-names.ts';
import type { AdminSecret } from './admin-secret.ts';
import type { ApiOperation } from './api.ts';
import type { Environment } from './environment.ts';
import { latchkeyMetric } from './latchkey-metric.ts';
import type { MirroredSecrets } from './mirrored-secrets.ts';
import { Operation, type OperationDefaults } from './operation.ts';
import type { AuditTable, IdempotencyTable, KeysTable, NoticesTable } from './tables.ts';

/** Who suffers when a route fails. A route without an entry does not compile. */
const impacts: Readonly<Record<ApiOperation, string>> = {
  'generate-key': 'Nobody can get a new key.',
  'update-key': 'Nobody can change a key.',
  'delete-key': 'A key that has leaked cannot be ended.',
  'block-key': 'A key that has leaked cannot be blocked.',
  'regenerate-key': 'Keys cannot be rotated.',
  'reset-spend': 'Spent budgets cannot be set back.',
  'show-key-info': 'Gateways and people cannot look a key up.',
  'verify-key': 'Gateways cannot check keys, and let nobody in.',
  'check-key': 'Holders of a key cannot see whether it is let in here.',
  'update-keys': 'Many keys cannot be changed at once.',
  'show-keys': 'Gateways and people cannot look several keys up at once.',
  'list-keys': 'Keys cannot be listed or searched.',
  'list-aliases': 'The aliases that are taken cannot be listed.',
  'list-audit-records':
    'Auditors cannot see who changed which key; the records are written all the same.',
  'show-audit-record': 'Auditors cannot open a record; the records are written all the same.',
  'request-claim-link': 'Owners who lost their key cannot be sent a new link to it.',
  'claim-key': 'Owners cannot see the key that they were mailed a link to.',
  'show-claim-page': 'Links in mails lead nowhere, so that owners cannot see their key.',
  'show-mail-settings': 'Admins cannot see which mails are on; mails go out all the same.',
  'change-mail-settings': 'Admins cannot switch mails on or off; mails go out all the same.',
  'show-openapi': 'Nobody can fetch the description of the API; the API itself works.',
  'show-reference': 'People cannot open the reference; the API itself works.',
  'show-console': 'People cannot open the console; the API itself works.',
  'check-liveness': 'Probes take the whole service for dead and may send its callers elsewhere.',
  'refuse-unknown-route': 'Callers of a wrong path get a bare 500 and not a hint.',
};

export interface ApiOperationsProps extends OperationDefaults {
  readonly keys: KeysTable;
  readonly audit: AuditTable;
  readonly idempotency: IdempotencyTable;
  readonly notices: NoticesTable;
  readonly secrets: MirroredSecrets;
  readonly adminSecret: AdminSecret;
}

/** Answers of an operation with a 5xx, which are no errors of its function. */
export const serverErrorsOf = (environment: Environment, operation: string): Metric =>
  latchkeyMetric(environment, serverErrors, { operation, statistic: 'Sum' });

/** The functions behind the routes, each with exactly the rights it uses. */
export function apiOperations(
  scope: Construct,
  { keys, audit, idempotency, notices, secrets, adminSecret, ...defaults }: ApiOperationsProps,
): Readonly<Record<ApiOperation, Operation>> {
  // Every call's own limit is counted from this, and so is the fence of the two-store protocol.
  const timeout = Duration.seconds(defaults.environment.timing.functionTimeoutSeconds);
  const create = (operation: ApiOperation) => {
    const created = new Operation(scope, operation, {
      ...defaults,
      impact: impacts[operation],
      timeout,
    });
    created.alarmWhen(serverErrors, serverErrorsOf(defaults.environment, operation), 1);
    return created;
  };

  const generateKey = create('generate-key');
  keys.grantGenerate(generateKey);
  idempotency.grantRecord(generateKey);
  secrets.grantStore(generateKey);

  const updateKey = create('update-key');
  keys.grantRename(updateKey);
  const regenerateKey = create('regenerate-key');
  keys.grantRegenerate(regenerateKey);
  for (const operation of [updateKey, regenerateKey]) {
    idempotency.grantRecord(operation);
    secrets.grantReplace(operation);
  }
  adminSecret.grantRotate(regenerateKey);

  const deleteKey = create('delete-key');
  keys.grantDelete(deleteKey);
  idempotency.grantRecord(deleteKey);
  secrets.grantRemove(deleteKey);

  const blockKey = create('block-key');
  const resetSpend = create('reset-spend');
  const updateKeys = create('update-keys');
  const requestClaimLink = create('request-claim-link');
  for (const operation of [blockKey, resetSpend, updateKeys, requestClaimLink]) {
    keys.grantChange(operation);
    idempotency.grantKeep(operation);
  }

  // Whoever has a link has no credential: this is the one such function that may read a value.
  const claimKey = create('claim-key');
  keys.grantChange(claimKey);
  notices.grantClaim(claimKey);
  secrets.grantClaim(claimKey);

  const showKeyInfo = create('show-key-info');
  const showKeys = create('show-keys');
  const verifyKey = create('verify-key');
  const checkKey = create('check-key');
  for (const operation of [showKeyInfo, showKeys, verifyKey, checkKey]) keys.grantRead(operation);
  notices.grantRead(showKeyInfo);

  const listKeys = create('list-keys');
  const listAliases = create('list-aliases');
  for (const operation of [listKeys, listAliases]) keys.grantList(operation);

  const listAuditRecords = create('list-audit-records');
  audit.grantList(listAuditRecords);
  const showAuditRecord = create('show-audit-record');
  audit.grantRead(showAuditRecord);
  // They look their caller up.
  for (const operation of [listAuditRecords, showAuditRecord]) keys.grantRead(operation);

  const showMailSettings = create('show-mail-settings');
  notices.grantRead(showMailSettings);
  const changeMailSettings = create('change-mail-settings');
  notices.grantSwitch(changeMailSettings);
  idempotency.grantKeep(changeMailSettings);
  for (const operation of [showMailSettings, changeMailSettings]) keys.grantRead(operation);

  return {
    'generate-key': generateKey,
    'update-key': updateKey,
    'delete-key': deleteKey,
    'block-key': blockKey,
    'regenerate-key': regenerateKey,
    'reset-spend': resetSpend,
    'show-key-info': showKeyInfo,
    'show-keys': showKeys,
    'verify-key': verifyKey,
    'check-key': checkKey,
    'update-keys': updateKeys,
    'list-keys': listKeys,
    'list-aliases': listAliases,
    'list-audit-records': listAuditRecords,
    'show-audit-record': showAuditRecord,
    'request-claim-link': requestClaimLink,
    'claim-key': claimKey,
    'show-claim-page': create('show-claim-page'),
    'show-mail-settings': showMailSettings,
    'change-mail-settings': changeMailSettings,
    'show-openapi': create('show-openapi'),
    'show-reference': create('show-reference'),
    'show-console': create('show-console'),
    'check-liveness': create('check-liveness'),
    'refuse-unknown-route': create('refuse-unknown-route'),
  };
}
