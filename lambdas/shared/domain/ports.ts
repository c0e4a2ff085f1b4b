/**
 * What the domain needs of the outside, in its own words. `adapters/` implements it on AWS,
 * `test/fakes/` in memory. Each call takes its own time limit, and tells outcomes apart instead of
 * throwing: what to do about each is the protocol's business. A call whose limit is 0 is not sent and
 * counts as unanswered.
 */
import type { AuditPlace, AuditRecord, FoundRecord } from './audit-record.ts';
import type { ClaimLink } from './claim-link.ts';
import type { IdempotencyRecord } from './idempotency.ts';
import type { AliasLease, DayCount, KeyRow, ListedKey, TokenPointer } from './key-row.ts';
import type { MailSwitches } from './mail-switches.ts';
import type { Delivery } from './notice.ts';

/** How a presented key is found: by the id inside it, or by its hash alone. */
export type KeyRef = { readonly keyId: string } | { readonly hash: string };
/** How a key is found that an operation is about: also by the alias that it holds. */
export type TargetRef = KeyRef | { readonly alias: string };

/** What one operation reads before it decides. */
export interface Wanted {
  readonly caller?: KeyRef | undefined;
  readonly target?: TargetRef | undefined;
  /** For an operation on several keys. */
  readonly targets?: readonly TargetRef[] | undefined;
  readonly alias?: string | undefined;
  /** The id of the idempotency record, which depends on the caller's key id. */
  readonly recordIdOf?: ((callerKeyId: string) => string) | undefined;
  /** What became of the latest mail about the target or, where none is wanted, about the caller. */
  readonly notice?: boolean | undefined;
  readonly mailSwitches?: boolean | undefined;
}

/** Null where nothing was wanted, or nothing is there. */
export interface Loaded {
  readonly caller: KeyRow | null;
  readonly target: KeyRow | null;
  /** In the order of what was wanted. */
  readonly targets: readonly (KeyRow | null)[];
  readonly alias: AliasLease | null;
  readonly record: IdempotencyRecord | null;
  readonly notice: StoredNotice | null;
  /** As they were last set; null where they never were. */
  readonly mailSwitches: MailSwitches | null;
}

/** One item of a transaction with the condition it is written under. */
export type KeyWrite =
  | { readonly kind: 'create-row'; readonly row: KeyRow }
  /** Only over the row as it was read: the stored `rev` is one less. */
  | { readonly kind: 'replace-row'; readonly row: KeyRow }
  | { readonly kind: 'create-pointer'; readonly pointer: TokenPointer }
  | { readonly kind: 'delete-pointer'; readonly hash: string }
  /** Has the pointer removed some day. */
  | { readonly kind: 'expire-pointer'; readonly pointer: TokenPointer }
  /** Only over the lease as it was read (`rev` one less), or absent for `rev` 1. */
  | { readonly kind: 'put-lease'; readonly lease: AliasLease }
  /** Only while this key holds it, whatever else has been written to it since. */
  | {
      readonly kind: 'free-lease';
      readonly alias: string;
      readonly keyId: string;
      /** When a secret of ours under the name was scheduled for deletion; null leaves what is told. */
      readonly deletedAt: string | null;
      /** The holder's count of stored values, for the next one. */
      readonly stores?: DayCount | undefined;
    }
  /** Only where there is none, or one that has expired by `now`. */
  | { readonly kind: 'create-record'; readonly record: IdempotencyRecord; readonly now: Date }
  | { readonly kind: 'delete-record'; readonly id: string }
  /** Only over the claim link as it was read: the stored `rev` is one less. */
  | { readonly kind: 'replace-claim-link'; readonly link: ClaimLink }
  /** Only forwards, of a notice that is there. */
  | { readonly kind: 'advance-notice'; readonly notice: Notice; readonly to: Delivery }
  /** As the latest of its key: only where none of a later write is shown, and only forwards. */
  | { readonly kind: 'show-notice'; readonly notice: Notice; readonly to: Delivery }
  /** Only over the switches as they were read (`rev` one less), or absent for `rev` 1. */
  | { readonly kind: 'put-mail-switches'; readonly switches: MailSwitches };

/**
 * - `committed`: all of it is written
 * - `refused`: a condition failed and nothing is written; `failed` has the index of each such write
 * - `contended`: another transaction holds an item; nothing is written
 * - `throttled`: nothing is written
 * - `unanswered`: unknown; the same call with the same token settles it
 */
export type CommitOutcome =
  | { readonly kind: 'committed' | 'contended' | 'throttled' | 'unanswered' }
  | { readonly kind: 'refused'; readonly failed: readonly number[] };

/** The keys' table. Reads are strongly consistent and throw `Unavailable` when they cannot be had. */
export interface KeyTable {
  /**
   * One batched read; one more where a hash or an alias must first be followed to its key. Of many
   * targets a hundred are read at a time.
   */
  load(wanted: Wanted, limitMs: number): Promise<Loaded>;
  /** Writes everything or nothing. Repeating a call with its token changes nothing further. */
  commit(writes: readonly KeyWrite[], token: string, limitMs: number): Promise<CommitOutcome>;
  /** How many live keys a user owns, counted no further than the bound. */
  countLiveKeys(userId: string, bound: number, limitMs: number): Promise<number>;
}

/** One entry of a list, at a place of its own in the list's order. */
export interface Entry {
  /** Text that sorts as the list does; no two entries share one, and it never changes. */
  readonly position: string;
}

/** A list in a fixed order, as an index has it: eventually consistent. Throws `Unavailable`. */
export interface Listing<E extends Entry> {
  /** The next `count` entries after a position, or from the beginning; fewer where the list ends. */
  read(after: string | null, count: number, limitMs: number): Promise<readonly E[]>;
  /** How many entries there are, counted no further than the bound. */
  count(bound: number, limitMs: number): Promise<number>;
}

/** Which keys a list has: those of a user, of a team, or all but the admin key. */
export interface KeyListing {
  readonly status: 'live' | 'deleted';
  readonly of: { readonly userId: string } | { readonly teamId: string } | 'all';
  /** Else the newest comes first. */
  readonly isOldestFirst: boolean;
}

export interface KeyEntry extends Entry {
  readonly keyId: string;
  readonly listed: ListedKey;
}

export interface AliasEntry extends Entry {
  readonly alias: string;
}

export interface KeyLists {
  /** By time of birth. */
  keys(listing: KeyListing): Listing<KeyEntry>;
  /** All aliases that are taken, in the order of their UTF-8 bytes. */
  aliases(): Listing<AliasEntry>;
}

/** What the scheduled functions need of the table to find rows that want them. */
export interface DueRows {
  /**
   * Key ids of rows that are due by then, the longest overdue first, at most `count`. Eventually
   * consistent: it only finds rows, each must be read before acting on it.
   */
  findDue(by: Date, count: number, limitMs: number): Promise<string[]>;
  /** Likewise the keys whose scheduled rotation is due. */
  findRotations(by: Date, count: number, limitMs: number): Promise<DueRotation[]>;
  /** Likewise the keys whose owner is due a reminder. */
  findReminders(by: Date, count: number, limitMs: number): Promise<string[]>;
  /** A page of all rows, live and deleted, in a stable order, from a cursor on. */
  scanRows(cursor: string | null, count: number, limitMs: number): Promise<RowPage>;
  /** Where the sweep stands; null before the first. */
  readSweep(limitMs: number): Promise<SweepState | null>;
  writeSweep(state: SweepState, limitMs: number): Promise<void>;
}

export interface DueRotation {
  readonly keyId: string;
  readonly dueAt: string;
}

export interface RowPage {
  /** Each with the cursor that begins after it. */
  readonly rows: readonly { readonly keyId: string; readonly next: string }[];
  /** The cursor of the next page; null at the end. */
  readonly next: string | null;
}

/** The sweep goes through all rows once a day, a page per run of the scheduled function. */
export interface SweepState {
  /** Where the next page begins; null when a round is complete. */
  readonly cursor: string | null;
  /** When the round began. */
  readonly startedAt: string;
  /** Whether the last run wrote no audit records: `storeAuditLogs` was off. */
  readonly isAuditOff: boolean;
  /** When they were last turned on again; null where they never were off. */
  readonly auditedSince: string | null;
}

/**
 * How a call to Secrets Manager ended without success:
 * - `exists`: the name is taken, or the token was used with another value
 * - `scheduled`: the secret is in its deletion window
 * - `absent`: there is no such secret, or no such version
 * - `throttled`, `refused`: definitely no effect of this call
 * - `unanswered`: unknown
 */
export interface SecretFailure {
  readonly kind: 'exists' | 'scheduled' | 'absent' | 'throttled' | 'refused' | 'unanswered';
  /** Name of the service's error, for the log. */
  readonly reason: string;
}

/** `done`: it took effect, now or by an earlier call with the same token and value. */
export type SecretOutcome = { readonly kind: 'done'; readonly arn: string } | SecretFailure;

export type DescribeOutcome =
  | {
      readonly kind: 'done';
      readonly arn: string;
      readonly isScheduled: boolean;
      /** Staging labels by version id; a version without labels may be missing. */
      readonly stages: Readonly<Record<string, readonly string[]>>;
      readonly tags: Readonly<Record<string, string>>;
    }
  | SecretFailure;

export type ReadOutcome = { readonly kind: 'done'; readonly value: string } | SecretFailure;

export interface NewSecret {
  readonly name: string;
  readonly value: string;
  /** Becomes the version id. */
  readonly token: string;
  readonly tags: Readonly<Record<string, string>>;
}

/**
 * The mirror of the keys in Secrets Manager. No call is retried inside. A secret is named by its
 * name or, once known, its ARN.
 */
export interface Secrets extends SecretTags, SecretReads {
  create(secret: NewSecret, limitMs: number): Promise<SecretOutcome>;
  /** Ends the deletion window of a secret; its versions and labels are as they were. */
  restore(secretId: string, limitMs: number): Promise<SecretOutcome>;
  /** Stores a value as version `token`, which becomes AWSCURRENT. */
  put(secretId: string, value: string, token: string, limitMs: number): Promise<SecretOutcome>;
}

/** For those who tell a value. */
export interface SecretReads {
  read(secretId: string, versionId: string, limitMs: number): Promise<ReadOutcome>;
}

/** For those who give a secret to another key, or its key to another owner. */
export interface SecretTags {
  /** Sets tags, over those of the same name. */
  tag(
    secretId: string,
    tags: Readonly<Record<string, string>>,
    limitMs: number,
  ): Promise<SecretOutcome>;
}

/** For those who end a key, or leave a name. */
export interface SecretRemoval {
  /** Schedules the deletion, seven days ahead. */
  remove(secretId: string, limitMs: number): Promise<SecretOutcome>;
}

/** For those who put AWSCURRENT where it belongs. */
export interface SecretLabels {
  describe(secretId: string, limitMs: number): Promise<DescribeOutcome>;
  /** Moves AWSCURRENT from one version to another, and from no third one. AWSPENDING leaves that version. */
  moveCurrent(secretId: string, from: string, to: string, limitMs: number): Promise<SecretOutcome>;
}

/** For the rotation that Secrets Manager drives: a value is stored before it is current. */
export interface SecretStaging extends SecretLabels, SecretReads {
  /**
   * Stores a value as version `token` under AWSPENDING, where AWSCURRENT stays. `exists` means that the
   * version has another value.
   */
  stage(secretId: string, value: string, token: string, limitMs: number): Promise<SecretOutcome>;
  /** Takes AWSPENDING off a version. */
  unstage(secretId: string, from: string, limitMs: number): Promise<SecretOutcome>;
}

/** What only the reconciler does to the mirror. It never reads a value. */
export interface SecretRepairs extends SecretLabels, SecretRemoval, SecretTags {
  /**
   * Writes the fixed tombstone text as version `token`, under a label of our own, so that AWSCURRENT
   * stays where it is. `exists` means that another value was stored under the token before.
   */
  putTombstone(secretId: string, token: string, limitMs: number): Promise<SecretOutcome>;
  restore(secretId: string, limitMs: number): Promise<SecretOutcome>;
  /** Takes AWSPREVIOUS off a version. */
  dropPrevious(secretId: string, from: string, limitMs: number): Promise<SecretOutcome>;
}

export interface AuditTrail {
  /** Writes the record unless one with its key id and `seq` is there already. */
  append(record: AuditRecord): Promise<void>;
}

/** Which records a list of the trail has; times are ISO 8601 with milliseconds, ends included. */
export interface AuditListing {
  readonly of:
    | { readonly keyId: string }
    | { readonly objectId: string }
    | { readonly changedBy: string }
    | 'all';
  /** Not of one key's records, which are in the order of their numbers. */
  readonly from: string | null;
  readonly to: string | null;
  /** Else the newest comes first. */
  readonly isOldestFirst: boolean;
}

export type AuditEntry = Entry & AuditPlace;

export interface AuditReads {
  /** By time; of one key by number. */
  list(listing: AuditListing): Listing<AuditEntry>;
  /** In the order asked for; null where there is no such record. */
  records(wanted: readonly AuditPlace[], limitMs: number): Promise<readonly (FoundRecord | null)[]>;
}

/** What of an audit record ties it to the one before it. What is damaged reads as an empty text. */
export interface TrailLink {
  readonly seq: number;
  readonly at: string;
  readonly digest: string;
  readonly chain: string;
  readonly previous_chain: string;
}

/** For those who compare a key's audit records with its row. */
export interface TrailLinks {
  /**
   * A page of a key's links from a cursor on, the highest `seq` first, at most `count`. Eventually
   * consistent: the newest may be lacking. Throws where it cannot be had.
   */
  newestFirst(
    keyId: string,
    cursor: string | null,
    count: number,
    limitMs: number,
  ): Promise<TrailPage>;
}

export interface TrailPage {
  readonly links: readonly TrailLink[];
  /** The cursor of the next page; null at the end. */
  readonly next: string | null;
}

/**
 * Delivery states of mails: who may send a notice, and what became of it. A state is noted where the
 * notice has not gone further by then, and else nothing is done.
 */
export interface Notices {
  /**
   * Takes a notice for sending: `taken`, `closed` when it was sent, given up or parked before, or
   * `in-flight` while another sender may be at it.
   */
  take(notice: Notice, now: Date): Promise<'taken' | 'closed' | 'in-flight'>;
  /** Lets the next try take it at once. */
  giveBack(notice: Notice, reason: string, now: Date): Promise<void>;
  /** Leaves it to whoever sends what is parked; `due` is what that needs to know. */
  park(notice: Notice, parking: Parking, now: Date): Promise<void>;
  markSent(notice: Notice, messageId: string, now: Date): Promise<void>;
  /** The mail will never go out; the reason is the name of SES's error. */
  markFailed(notice: Notice, reason: string, now: Date): Promise<void>;
  markSwitchedOff(notice: Notice, now: Date): Promise<void>;
  /** As they were last set; null where they never were. */
  readSwitches(): Promise<MailSwitches | null>;
}

export interface Parking {
  /** The due notice without its row, as JSON. */
  readonly due: string;
  readonly until: Date;
  readonly reason: string;
}

/** For those who send what was parked. */
export interface ParkedNotices {
  /** Ids of notices that are parked until then or earlier, the longest first. Eventually consistent. */
  findParked(by: Date, count: number): Promise<string[]>;
  /** Takes one for sending; null where it is not parked any more, or another sender may be at it. */
  takeParked(id: string, now: Date): Promise<ParkedNotice | null>;
}

export interface ParkedNotice {
  readonly notice: Notice;
  readonly due: string;
}

/** For those who hear what became of a mail. */
export interface Deliveries {
  find(noticeId: string): Promise<StoredNotice | null>;
  /** `behind` where the notice had gone as far already, or further. */
  advance(notice: Notice, to: Delivery, messageId: string): Promise<'noted' | 'behind'>;
}

/** A notice as it stands. A newer release may have states that are unknown here. */
export interface StoredNotice extends Notice {
  readonly state: string;
  readonly at: string;
  readonly reason: string | null;
}

/** A notice with its place among those of its key. */
export interface Notice extends NoticeRef {
  /** Of the row's write that made it due: a later one has a higher. */
  readonly rev: number;
}

export interface NoticeRef {
  readonly id: string;
  readonly keyId: string;
  readonly event: string;
}

/** Links by which the owner of a key is shown its value, once. */
export interface ClaimLinks {
  /** Makes the link of a notice, in the place of an unused earlier one; null where the key has no secret or links are off, or the earlier one was used. */
  issue(notice: NoticeRef, row: KeyRow, now: Date): Promise<string | null>;
}

/** The same links, for those to whom one is presented. */
export interface IssuedLinks {
  /** Strongly consistent; null where there is none. Throws `Unavailable`. */
  find(noticeId: string, limitMs: number): Promise<ClaimLink | null>;
}

export interface Mail {
  readonly to: string;
  readonly subject: string;
  readonly html: string;
  readonly text: string;
  /** Identifies the mail in SES events. */
  readonly noticeId: string;
}

/**
 * - `sent`: SES accepted it
 * - `rejected`: SES will never accept this mail
 * - `over-quota`: the account has sent what it may in 24 hours
 * - `barred`: nothing can be sent before a person puts the account or the sender right
 * - `refused`: SES did not accept it now; `reason` is the name of its error
 * - `unanswered`: unknown, so another try may be a second mail
 */
export type MailOutcome =
  | { readonly kind: 'sent'; readonly messageId: string }
  | {
      readonly kind: 'rejected' | 'over-quota' | 'barred' | 'refused';
      readonly reason: string;
    }
  | { readonly kind: 'unanswered' };

export interface Mailer {
  send(mail: Mail): Promise<MailOutcome>;
}

/** Links by which the owner of a key is shown its value, once. */
export interface ClaimLinks {
  /** Makes the link of a notice, in the place of an unused earlier one; null where the key has no secret or links are off, or the earlier one was used. */
  issue(notice: NoticeRef, row: KeyRow, now: Date): Promise<string | null>;
}

/** Fresh randomness. */
export interface Randomness {
  readonly bytes: (count: number) => Uint8Array;
  readonly uuid: () => string;
}
