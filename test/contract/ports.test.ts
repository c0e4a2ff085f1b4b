/**
 * The fakes are held to the cases of their ports; `test/e2e/contract.test.ts` holds the real adapters
 * to the same ones on the local AWS.
 */
import { describe } from 'vitest';
import { secretRepairs } from '../../lambdas/shared/adapters/secret-repairs.ts';
import { secretStaging } from '../../lambdas/shared/adapters/secret-staging.ts';
import { secretsMirror } from '../../lambdas/shared/adapters/secrets.ts';
import { memoryAuditReads } from '../fakes/memory-audit-reads.ts';
import { MemoryAuditTrail } from '../fakes/memory-audit-trail.ts';
import { memoryClaimLinks } from '../fakes/memory-claim-links.ts';
import { MemoryDueRows } from '../fakes/memory-due-rows.ts';
import { memoryKeyLists } from '../fakes/memory-key-lists.ts';
import { MemoryKeyTable } from '../fakes/memory-key-table.ts';
import { MemoryMailer } from '../fakes/memory-mailer.ts';
import { MemoryNotices } from '../fakes/memory-notices.ts';
import { MemorySecrets } from '../fakes/memory-secrets.ts';
import { memoryTrailLinks } from '../fakes/memory-trail-links.ts';
import { auditReadsCases } from './audit-reads-cases.ts';
import { auditTrailCases } from './audit-trail-cases.ts';
import { claimLinksCases } from './claim-links-cases.ts';
import { dueRowsCases } from './due-rows-cases.ts';
import { fakeSecretsClient } from './fake-secrets-client.ts';
import { keyListsCases } from './key-lists-cases.ts';
import { keyTableCases } from './key-table-cases.ts';
import { mailerCases } from './mailer-cases.ts';
import { noticesCases } from './notices-cases.ts';
import { secretsCases } from './secrets-cases.ts';
import { holdTo } from './suite.ts';
import { trailLinksCases } from './trail-links-cases.ts';

describe("the keys' table in memory", () => {
  const table = new MemoryKeyTable();
  holdTo(keyTableCases(() => table));
});

describe("the keys' table's due rows in memory", () => {
  const table = new MemoryKeyTable();
  const due = new MemoryDueRows(table);
  holdTo(dueRowsCases(() => ({ table, due, sweep: due })));
});

describe("the lists of the keys' table in memory", () => {
  const table = new MemoryKeyTable();
  const lists = memoryKeyLists(table);
  holdTo(keyListsCases(() => ({ table, lists })));
});

describe('the audit trail in memory', () => {
  const trail = new MemoryAuditTrail();
  holdTo(auditTrailCases(() => ({ trail, recordsOf: async (keyId) => trail.of(keyId) })));
});

describe('reads of the audit trail in memory', () => {
  const trail = new MemoryAuditTrail();
  const reads = memoryAuditReads(trail);
  holdTo(auditReadsCases(() => ({ trail, reads })));
});

describe('the links of the audit trail in memory', () => {
  const trail = new MemoryAuditTrail();
  holdTo(trailLinksCases(() => ({ trail, links: memoryTrailLinks(trail) })));
});

describe('notices in memory', () => {
  const notices = new MemoryNotices();
  holdTo(noticesCases(() => notices));
});

describe('claim links in memory', () => {
  const table = new MemoryKeyTable();
  const links = memoryClaimLinks(table);
  holdTo(claimLinksCases(() => ({ table, links })));
});

describe('the mailer in memory', () => {
  const mailer = new MemoryMailer();
  const arrivedAt = async (address: string) =>
    mailer.inbox.filter(({ to }) => to === address).map(({ subject }) => subject);
  holdTo(mailerCases(() => ({ mailer, arrivedAt })));
});

describe('the mirror in memory', () => {
  const secrets = new MemorySecrets();
  holdTo(secretsCases(() => secrets));
});

describe('the real mirror on the fake Secrets Manager', () => {
  const client = fakeSecretsClient();
  holdTo(
    secretsCases(() => ({
      ...secretsMirror(client(), null),
      ...secretRepairs(client()),
      ...secretStaging(client()),
    })),
  );
});
