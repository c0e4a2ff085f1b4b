/**
 * The key's row: the one item that is the truth about a key. During a deploy two releases read the
 * same rows, so what a newer one wrote must not break this one: objects are loose, and keep attributes
 * that are unknown here; names that later releases add to are read as any text.
 */
import * as z from 'zod/mini';
import { sameHash } from './key-format.ts';

const record = z.record(z.string(), z.unknown());
const text = z.optional(z.string());
const number = z.optional(z.number());
const texts = z.optional(z.array(z.string()));

export const userRoles = [
  'proxy_admin',
  'proxy_admin_viewer',
  'internal_user',
  'internal_user_viewer',
] as const;
export const keyTypes = ['default', 'llm_api', 'management', 'read_only'] as const;

export type UserRole = (typeof userRoles)[number];
export type KeyType = (typeof keyTypes)[number];

/** One of several budgets that count at the same time, beside the key's own. */
const budgetWindow = z.looseObject({
  budget_duration: z.string(),
  max_budget: z.number(),
  reset_at: z.string(),
});

/**
 * Everything a user sees of a key, without nulls: what is audited, and what answers are made of.
 * Times are ISO 8601 in UTC with milliseconds.
 */
export const keyImage = z.looseObject({
  /** Token hash of the current value. */
  token: z.string(),
  key_name: z.string(),
  key_alias: text,
  /** Of a type that this release does not know, a key may do nothing. */
  key_type: text,
  spend: z.number(),
  expires: text,
  models: z.array(z.string()),
  aliases: record,
  config: record,
  permissions: record,
  max_budget: number,
  soft_budget: number,
  budget_duration: text,
  budget_reset_at: text,
  budget_limits: z.optional(z.array(budgetWindow)),
  budget_id: text,
  model_max_budget: z.optional(record),
  budget_fallbacks: z.optional(record),
  user_id: text,
  user_email: text,
  user_role: text,
  agent_id: text,
  team_id: text,
  organization_id: text,
  project_id: text,
  tpm_limit: number,
  rpm_limit: number,
  tpd_limit: number,
  max_parallel_requests: number,
  metadata: record,
  blocked: z.optional(z.boolean()),
  allowed_routes: z.array(z.string()),
  allowed_cache_controls: texts,
  access_group_ids: texts,
  object_permission: z.optional(record),
  router_settings: z.optional(record),
  auto_rotate: z.boolean(),
  rotation_interval: text,
  key_rotation_at: text,
  /** When the schedule last rotated it. */
  last_rotation_at: text,
  rotation_count: z.number(),
  /** False when this key is not mirrored in Secrets Manager on its creator's wish. */
  store_secret: z.optional(z.boolean()),
  created_at: z.string(),
  created_by: z.string(),
  updated_at: z.string(),
  updated_by: z.string(),
  /** When a setting was last changed; absent as long as none was. */
  settings_updated_at: text,
  /** Until when the value before the last rotation is let in; absent without an overlap. */
  overlap_until: text,
  deleted_at: text,
  deleted_by: text,
  /** Token hash of whoever deleted it, or `litellm_proxy_master_key`. */
  deleted_by_api_key: text,
});

/**
 * What a change does to an image: computed once, when the change is accepted, and applied to the image
 * as it is when the change takes effect.
 */
const keyPatch = z.looseObject({
  /** Members that get a value. */
  set: record,
  /** Members that are dropped. */
  clear: z.array(z.string()),
  /** What metadata is replaced by; null leaves it. */
  metadata: z.nullable(record),
  /** Members of metadata that outlive its replacement. */
  keep: z.array(z.string()),
  /** Members of metadata that are dropped, after that. */
  drop: z.array(z.string()),
  /** Members of metadata that get a value, after that. */
  merge: record,
});

const who = z.looseObject({
  changed_by: z.string(),
  /** Token hash of the caller, or `litellm_proxy_master_key`. */
  changed_by_api_key: z.nullable(z.string()),
  /** Key id of the caller, `system`, `claim_link`, or the operator's command: `import`, `revoke`, `erase`. */
  principal: z.string(),
  /** Who finished the change, where the reconciler did. */
  settled_by: z.nullable(z.string()),
  source_ip: z.nullable(z.string()),
});

/** A mail that is due once the change it rides on is complete. */
const notify = z.looseObject({
  event: z.string(),
  to: z.string(),
});

/** The last mail that told the owner that the key expires, or was left out. */
const reminder = z.looseObject({
  /** Of its notice. */
  id: z.string(),
  event: z.string(),
  /** Null where nobody was to be told. */
  to: z.nullable(z.string()),
  /** How many days before the expiry it was due. */
  days: z.number(),
  /** The expiry that it is about. */
  expires: z.string(),
  /** When it was written. */
  at: z.string(),
});

/**
 * - `imported`: a key of another gateway was taken over, with its value
 * - `generate_undone`: a birth was taken back
 * - `generate_settled`: the reconciler finished a birth whose handler did not
 * - `secret_restored`: the reconciler put a live key's secret right
 * - `secret_removed`: the reconciler removed a secret that no live key has
 * - `overlap_ended`: the grace period of the former value is over
 * - `claim_link_requested`: a link that shows the value was asked for, and is mailed to the owner
 * - `claimed`: the value is shown to whoever has the link, unless what follows fails
 * - `claim_reused`: somebody presented a link that had been used
 * - `mail_bounced`: a mail about the key did not arrive, or was not wanted
 * - `erased`: a person was erased from the row
 */
export type AuditAction =
  | 'created'
  | 'imported'
  | 'updated'
  | 'rotated'
  | 'deleted'
  | 'blocked'
  | 'unblocked'
  | 'spend_reset'
  | 'generate_undone'
  | 'generate_settled'
  | 'secret_restored'
  | 'secret_removed'
  | 'overlap_ended'
  | 'claim_link_requested'
  | 'claimed'
  | 'claim_reused'
  | 'mail_bounced'
  | 'erased';

/** The last audited change. It rides in the row, so that no committed change lacks its record. */
const keyEvent = z.looseObject({
  id: z.string(),
  action: z.string(),
  at: z.string(),
  who,
  request_id: z.string(),
  operation_id: z.nullable(z.string()),
  notify: z.nullable(notify),
  /** Whether a rotation ended the overlap of an earlier one. */
  ended_overlap: z.optional(z.boolean()),
  digest: z.string(),
  previous_chain: z.string(),
  salts: z.looseObject({ who: z.string(), before: z.string(), after: z.string() }),
});

/**
 * An open step between the two stores: what the reconciler needs to finish or undo it.
 *
 * - `generate`: the value is to be stored under `newName`, else the birth is undone
 * - `regenerate`: a new value is to be stored under `newName`, in the place of the present one or,
 *   where that is another name, under it before the old one is deleted; else nothing happened
 * - `rename`: the same with the present value
 * - `delete`: each of `names` is to be deleted
 * - `restore`: the secret is to be live again, AWSCURRENT on the row's version
 * - `cleanup`: each of `names` is to be deleted, for a call of a closed step arrived late
 */
export const openIntent = z.looseObject({
  /** Also the `ClientRequestToken`, hence the version id, of a value to store. */
  id: z.string(),
  kind: z.string(),
  /** 0 while the handler owns it; each reconciler pass adds one. */
  claim: z.number(),
  /** When it was opened. */
  opened: z.string(),
  /** When it was opened or last claimed. */
  at: z.string(),
  /** Before this time no reconciler touches it. */
  fence: z.string(),
  notify: z.nullable(notify),
  /** Hash of the value to store; of a regenerate it is let in already. */
  hash: z.string(),
  ver: z.string(),
  newName: z.string(),
  /** The alias held beside the row's own: the next one, or for a clean-up the one to free. */
  newAlias: z.nullable(z.string()),
  names: z.array(z.string()),
  /** What the settle does to the image. */
  patch: z.optional(keyPatch),
  /** How long the former value is let in after the settle. */
  graceSeconds: z.optional(z.number()),
  /** Of a scheduled rotation: the `key_rotation_at` that it answers. */
  rotationDue: z.optional(z.string()),
  idempotencyId: z.nullable(z.string()),
  who,
  request_id: z.string(),
});

const leftName = z.looseObject({ name: z.string(), alias: z.nullable(z.string()) });
const dayCount = z.looseObject({ day: z.string(), count: z.number() });

export const keyRow = z.looseObject({
  v: z.literal(1),
  keyId: z.string(),
  status: z.enum(['active', 'deleted']),
  blocked: z.boolean(),
  expires: z.nullable(z.string()),
  /** The hash that is let in, and the secret's version that holds its value (null: no secret). */
  cur: z.looseObject({ hash: z.string(), ver: z.nullable(z.string()) }),
  /** The former hash, let in until the grace period ends. */
  prev: z.nullable(z.looseObject({ hash: z.string(), until: z.string() })),
  alias: z.nullable(z.string()),
  secretName: z.nullable(z.string()),
  secretArn: z.nullable(z.string()),
  /** Token hash at birth; names the secret of a key without alias for good. */
  first_token: z.string(),
  /** Counts audited changes. */
  seq: z.number(),
  /** Counts every write; each write is conditional on the one it read. */
  rev: z.number(),
  event: keyEvent,
  /** Salt of the current image. */
  salt: z.string(),
  chain: z.string(),
  intent: z.nullable(openIntent),
  key: keyImage,
  /** The claim link that was asked for last, and the value it was asked for: no other one shows that. */
  claimLink: z.optional(z.looseObject({ notice: z.string(), hash: z.string() })),
  /** Of an imported key: SHA-256 of the values that it was made of, so that they are known again. */
  imported: z.optional(z.string()),
  /** Values stored in this key's secret on a day in UTC: Secrets Manager keeps a hundred versions. */
  stores: z.optional(dayCount),
  /**
   * When this key left the name it has without an alias: its own secret is then in a deletion window
   * there. Absent as long as it never has.
   */
  ownNameLeftAt: z.optional(z.string()),
  /** Names that steps closed by the reconciler gave up: a call of theirs may still arrive there. */
  leftNames: z.optional(z.array(leftName)),
  /** When the sweep is to look at this row beside its daily round. */
  sweepAt: z.optional(z.string()),
  /** When the schedule tries this key again: set with each try, gone once one succeeds. */
  rotateNotBefore: z.optional(z.string()),
  reminder: z.optional(reminder),
  /** What a first look of the sweep found wrong with the secret; a second one must confirm it. */
  suspicion: z.optional(z.looseObject({ kind: z.string(), at: z.string() })),
  /** Epoch seconds after which a deleted row is removed. */
  ttl: z.optional(z.number()),
});

/** What the list indexes tell of a row without a read of it. */
export const listedKey = z.looseObject({
  token: z.string(),
  alias: z.nullable(z.string()),
  status: z.enum(['active', 'deleted']),
  blocked: z.boolean(),
  expires: z.nullable(z.string()),
});
export type ListedKey = z.infer<typeof listedKey>;

export const listedOf = ({ cur, alias, status, blocked, expires }: KeyRow): ListedKey => ({
  token: cur.hash,
  alias,
  status,
  blocked,
  expires,
});

export type KeyImage = z.infer<typeof keyImage>;
export type KeyPatch = z.infer<typeof keyPatch>;
export type KeyRow = z.infer<typeof keyRow>;
export type Intent = z.infer<typeof openIntent>;
export type LeftName = z.infer<typeof leftName>;
export type DayCount = z.infer<typeof dayCount>;
export type Who = z.infer<typeof who>;
export type Notify = z.infer<typeof notify>;
export type Reminder = z.infer<typeof reminder>;
export type IntentKind = 'generate' | 'regenerate' | 'rename' | 'delete' | 'restore' | 'cleanup';

/** A name's lease: held by a key, or free again. Freed, never removed: it tells whose secret was there. */
export const aliasLease = z.looseObject({
  alias: z.string(),
  state: z.enum(['held', 'free']),
  /** The holder, or the last one. */
  keyId: z.string(),
  secretName: z.nullable(z.string()),
  secretArn: z.nullable(z.string()),
  /** When the last holder's secret was scheduled for deletion. */
  deletedAt: z.nullable(z.string()),
  /** The last holder's count of stored values: whoever takes its secret over goes on from there. */
  stores: z.optional(dayCount),
  /** Counts writes of the lease; a lease is taken only as it was read. */
  rev: z.number(),
});
export type AliasLease = z.infer<typeof aliasLease>;

/** Finds a key by any token hash it has had. */
export const tokenPointer = z.looseObject({
  hash: z.string(),
  keyId: z.string(),
  /** Epoch seconds after which the pointer of a value that is no longer let in is removed. */
  ttl: z.optional(z.number()),
});
export type TokenPointer = z.infer<typeof tokenPointer>;

export type KeyStatus = 'active' | 'expired' | 'revoked' | 'deleted';

/** LiteLLM's `status`: blocked comes before expired; deletion before both. */
export function statusOf(
  row: Pick<KeyRow, 'status' | 'blocked' | 'expires'>,
  now: Date,
): KeyStatus {
  if (row.status === 'deleted') return 'deleted';
  if (row.blocked) return 'revoked';
  return isExpired(row, now) ? 'expired' : 'active';
}

/**
 * Whether a hash is that of a value which counts: the current one; the former one within its grace
 * period; or the one that an open regenerate is storing, for Secrets Manager may show it already.
 */
export function countsAsValue(row: KeyRow, hash: string, now: Date): boolean {
  const { cur, prev } = row;
  if (sameHash(hash, cur.hash)) return true;
  if (row.intent?.kind === 'regenerate' && sameHash(hash, row.intent.hash)) return true;
  return prev !== null && now.getTime() < Date.parse(prev.until) && isFormer(row, hash);
}

/** Whether a hash is that of the value before the last rotation. */
export const isFormer = ({ prev }: KeyRow, hash: string): boolean =>
  prev !== null && sameHash(hash, prev.hash);

export const isExpired = (row: Pick<KeyRow, 'expires'>, now: Date): boolean =>
  row.expires !== null && !(now.getTime() < Date.parse(row.expires));

/** When the row next wants the scheduled repairs, or null. */
export function dueAt(row: KeyRow): string | null {
  const overlapEnd = row.status === 'active' ? row.prev?.until : undefined;
  const times = [row.intent?.fence, overlapEnd, row.sweepAt];
  return times.filter((time) => time !== undefined).sort()[0] ?? null;
}
