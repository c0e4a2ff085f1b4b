/** What a person at a local service would like to see of it: its keys, its trail and its mails. */

import { type FoundRecord, isDamaged } from '../../lambdas/shared/domain/audit-record.ts';
import { canonicalJson } from '../../lambdas/shared/domain/canonical-json.ts';
import type { AuditReads, KeyEntry, KeyLists } from '../../lambdas/shared/domain/ports.ts';

export interface SentMail {
  readonly to: string;
  readonly subject: string;
  readonly html: string;
  readonly text: string;
  /** ISO 8601. */
  readonly at: string;
}

/** Where it is looked for. */
export interface Watched {
  readonly lists: KeyLists;
  readonly audit: AuditReads;
  /** All since the start, the oldest first. */
  readonly mails: () => Promise<readonly SentMail[]>;
  readonly now: () => Date;
}

export interface KeySeen {
  readonly keyId: string;
  readonly alias: string | null;
  readonly state: 'active' | 'blocked' | 'expired' | 'deleted';
}

interface ChangeSeen {
  readonly kind: 'change';
  readonly id: string;
  readonly at: string;
  readonly action: string;
  readonly keyId: string;
  readonly alias: string | null;
  readonly by: string;
  /** Names of the settings that an update has changed. */
  readonly changed: readonly string[];
}

interface MailSeen {
  readonly kind: 'mail';
  /** Its place among the mails. */
  readonly number: number;
  readonly at: string;
  readonly to: string;
  readonly subject: string;
}

export type Happening = ChangeSeen | MailSeen;

export interface Happenings {
  /** The newest first; deleted ones after those that live. */
  readonly keys: readonly KeySeen[];
  /** Changes and mails, the newest first. */
  readonly latest: readonly Happening[];
}

/** How much of each is looked at: more is for `/key/list` and `/audit`. */
const most = 50;
const limitMs = 5000;

export async function happeningsOf({ lists, audit, mails, now }: Watched): Promise<Happenings> {
  const keysOf = (status: 'live' | 'deleted') =>
    lists.keys({ status, of: 'all', isOldestFirst: false }).read(null, most, limitMs);
  const [live, deleted, records, sent] = await Promise.all([
    keysOf('live'),
    keysOf('deleted'),
    audit
      .list({ of: 'all', from: null, to: null, isOldestFirst: false })
      .read(null, most, limitMs)
      .then((places) => audit.records(places, limitMs)),
    mails(),
  ]);
  const changes = records.filter((record) => record !== null).map(changeSeen);
  const latest = [...changes, ...sent.map(mailSeen)].sort((a, b) => b.at.localeCompare(a.at));
  return {
    keys: [...live, ...deleted].map((entry) => keySeen(entry, now())),
    latest: latest.slice(0, most),
  };
}

function keySeen({ keyId, listed }: KeyEntry, now: Date): KeySeen {
  const { alias, status, blocked, expires } = listed;
  const isExpired = expires !== null && Date.parse(expires) <= now.getTime();
  const state = blocked ? 'blocked' : isExpired ? 'expired' : 'active';
  return { keyId, alias, state: status === 'deleted' ? 'deleted' : state };
}

function changeSeen(record: FoundRecord): ChangeSeen {
  const { id, key_id: keyId, before, after } = record;
  const alias = after?.['key_alias'] ?? before?.['key_alias'];
  return {
    kind: 'change',
    id,
    at: record.at ?? '',
    action: isDamaged(record) ? 'damaged' : (record.action ?? ''),
    keyId,
    alias: typeof alias === 'string' ? alias : null,
    by: record.changed_by ?? '',
    changed: record.action === 'updated' ? changedNames(before, after) : [],
  };
}

type Image = FoundRecord['before'];

/** Not those that every update changes. */
const attendant = /^updated_|^settings_updated_at$/;

function changedNames(before: Image, after: Image): string[] {
  if (before === null || after === null) return [];
  return Object.keys({ ...before, ...after }).filter(
    (name) =>
      !attendant.test(name) &&
      canonicalJson(before[name] ?? null) !== canonicalJson(after[name] ?? null),
  );
}

const mailSeen = ({ at, to, subject }: SentMail, number: number): MailSeen => ({
  kind: 'mail',
  number,
  at,
  to,
  subject,
});
