/** The real adapters on the local AWS, held to the cases that the fakes pass. */
import { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { SecretsManagerClient } from '@aws-sdk/client-secrets-manager';
import { SESClient } from '@aws-sdk/client-ses';
import { DynamoDBDocumentClient } from '@aws-sdk/lib-dynamodb';
import { describe, inject } from 'vitest';
import { secureRandom } from '../../lambdas/shared/adapters/randomness.ts';
import { secretRepairs } from '../../lambdas/shared/adapters/secret-repairs.ts';
import { secretStaging } from '../../lambdas/shared/adapters/secret-staging.ts';
import { secretsMirror } from '../../lambdas/shared/adapters/secrets.ts';
import { sesMailer } from '../../lambdas/shared/adapters/ses-mailer.ts';
import { auditReads } from '../../lambdas/shared/adapters/table/audit-reads.ts';
import { auditTable } from '../../lambdas/shared/adapters/table/audit-table.ts';
import { claimLinks, issuedLinks } from '../../lambdas/shared/adapters/table/claim-links.ts';
import { dueRows } from '../../lambdas/shared/adapters/table/due-rows.ts';
import { keyLists } from '../../lambdas/shared/adapters/table/key-lists.ts';
import { keyTable } from '../../lambdas/shared/adapters/table/key-table.ts';
import { noticesPart } from '../../lambdas/shared/adapters/table/notices-part.ts';
import { noticesTable } from '../../lambdas/shared/adapters/table/notices-table.ts';
import { trailLinks } from '../../lambdas/shared/adapters/table/trail-links.ts';
import { auditReadsCases } from '../contract/audit-reads-cases.ts';
import { auditTrailCases } from '../contract/audit-trail-cases.ts';
import { claimLinksCases } from '../contract/claim-links-cases.ts';
import { dueRowsCases } from '../contract/due-rows-cases.ts';
import { keyListsCases } from '../contract/key-lists-cases.ts';
import { keyTableCases } from '../contract/key-table-cases.ts';
import { mailerCases } from '../contract/mailer-cases.ts';
import { noticesCases } from '../contract/notices-cases.ts';
import { secretsCases } from '../contract/secrets-cases.ts';
import { holdTo } from '../contract/suite.ts';
import { trailLinksCases } from '../contract/trail-links-cases.ts';
import { settingsWith } from '../fixtures/settings.ts';
import { auditOf, mailsTo, outputOf } from './local-aws.ts';

const { endpoint, guardUrl, region, credentials } = inject('deployed');
const root = { region, credentials, maxAttempts: 1 };
const documents = DynamoDBDocumentClient.from(new DynamoDBClient({ ...root, endpoint }), {
  marshallOptions: { removeUndefinedValues: true },
});

/** Where the local AWS is known not to refuse what AWS refuses; each of these cases fails on it. */
const tableDivergences = [
  'commit > refuses a token of 37 characters, and an empty one',
  'a row > with a nameless member is refused, alone and in a transaction',
  'a row > with an index key of over 2048 bytes is refused, alone and in a transaction',
];
const mailerDivergences = [
  'to the address "" is rejected and arrives nowhere',
  'to the address "a b@example.com" is rejected and arrives nowhere',
  'over ten megabytes is rejected',
];
const arrivedAt = async (address: string) => (await mailsTo(address)).map(({ Subject }) => Subject);

describe("the keys' table", () => {
  const [keys, records] = [outputOf('KeysTableName'), outputOf('IdempotencyTableName')];
  const notices = outputOf('NoticesTableName');
  holdTo(
    keyTableCases(() => keyTable(documents, keys, records, noticesPart(notices))),
    tableDivergences,
  );
});

describe("the keys' table's due rows", () => {
  const [keys, records] = [outputOf('KeysTableName'), outputOf('IdempotencyTableName')];
  const table = keyTable(documents, keys);
  const due = dueRows(documents, keys);
  // The deployed reconciler notes its own sweep in the keys' table; any table of that key will do.
  const sweep = dueRows(documents, records);
  holdTo(dueRowsCases(() => ({ table, due, sweep })));
});

describe("the lists of the keys' table", () => {
  const keys = outputOf('KeysTableName');
  const [table, lists] = [keyTable(documents, keys), keyLists(documents, keys)];
  holdTo(keyListsCases(() => ({ table, lists })));
});

describe('the audit trail', () => {
  const trail = auditTable(documents, outputOf('AuditTableName'));
  holdTo(auditTrailCases(() => ({ trail, recordsOf: auditOf })));
});

describe('reads of the audit trail', () => {
  const name = outputOf('AuditTableName');
  const [trail, reads] = [auditTable(documents, name), auditReads(documents, name)];
  holdTo(auditReadsCases(() => ({ trail, reads })));
});

describe('the links of the audit trail', () => {
  const trail = auditTable(documents, outputOf('AuditTableName'));
  const links = trailLinks(documents, outputOf('AuditTableName'));
  holdTo(trailLinksCases(() => ({ trail, links })));
});

describe('notices', () => {
  const notices = noticesTable(documents, outputOf('NoticesTableName'));
  holdTo(noticesCases(() => notices));
});

describe('claim links', () => {
  const [keys, notices] = [outputOf('KeysTableName'), outputOf('NoticesTableName')];
  const links = {
    ...issuedLinks(documents, notices),
    ...claimLinks(documents, notices, settingsWith(), secureRandom),
  };
  const table = keyTable(documents, keys, null, noticesPart(notices));
  holdTo(claimLinksCases(() => ({ table, links })));
});

describe('the mailer', () => {
  const mailer = sesMailer(
    new SESClient({ ...root, endpoint }),
    'latchkey@localhost.example',
    null,
  );
  holdTo(
    mailerCases(() => ({ mailer, arrivedAt })),
    mailerDivergences,
  );
});

describe('the mirror', () => {
  const client = new SecretsManagerClient({ ...root, endpoint: guardUrl });
  holdTo(
    secretsCases(() => ({
      ...secretsMirror(client, null),
      ...secretRepairs(client),
      ...secretStaging(client),
    })),
  );
});
