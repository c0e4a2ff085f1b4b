/**
 * The key's row: the one item that is the truth about a key. During a deploy two releases read the
 * same rows, so what a newer one wrote must not break this one: objects are loose, and keep attributes
 * that are unknown here; names that later releases add to are read as any text.
 */
import * as z from 'zod/mini';

const record = z.record(z.string(), z.unknown());
const text = z.optional(z.string());
const number = z.optional(z.number());

export const userRoles = [
  'proxy_admin',
  'proxy_admin_viewer',
  'internal_user',
  'internal_user_viewer',
] as const;
export const keyTypes = ['default', 'llm_api', 'management', 'read_only'] as const;

export type UserRole = (typeof userRoles)[number];
export type KeyType = (typeof keyTypes)[number];

/**
 * Everything a user sees of a key, without nulls: what is audited, and what answers are made of.
 * Times are ISO 8601 in UTC with milliseconds.
 */
const keyImage = z.looseObject({
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
  user_id: text,
  user_email: text,
  user_role: text,
  team_id: text,
  organization_id: text,
  tpm_limit: number,
  rpm_limit: number,
  max_parallel_requests: number,
  metadata: record,
  blocked: z.optional(z.boolean()),
  allowed_routes: z.array(z.string()),
  auto_rotate: z.boolean(),
  rotation_interval: text,
  key_rotation_at: text,
  rotation_count: z.number(),
  /** False when this key is not mirrored in Secrets Manager on its creator's wish. */
  store_secret: z.optional(z.boolean()),
  created_at: z.string(),
  created_by: z.string(),
  updated_at: z.string(),
  updated_by: z.string(),
});

const who = z.looseObject({
  changed_by: z.string(),
  /** Token hash of the caller, or `litellm_proxy_master_key`. */
  changed_by_api_key: z.nullable(z.string()),
  /** Key id of the authenticated caller, or `system`. */
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

/**
 * - `generate_undone`: a birth was taken back
 * - `generate_settled`: the reconciler finished a birth whose handler did not
 * - `secret_restored`: the reconciler put a live key's secret right
 * - `secret_removed`: the reconciler removed a secret that no live key has
 */
export type AuditAction =
  | 'created'
  | 'generate_undone'
  | 'generate_settled'
  | 'secret_restored'
  | 'secret_removed';

/** The last audited change. It rides in the row, so that no committed change lacks its record. */
const keyEvent = z.looseObject({
  id: z.string(),
  action: z.string(),
  at: z.string(),
  who,
  request_id: z.string(),
  operation_id: z.nullable(z.string()),
  notify: z.nullable(notify),
  digest: z.string(),
  previous_chain: z.string(),
  salts: z.looseObject({ who: z.string(), before: z.string(), after: z.string() }),
});

/**
 * An open step between the two stores: what the reconciler needs to finish or undo it.
 *
 * - `generate`: the value is to be stored under `newName`, else the birth is undone
 * - `restore`: the secret is to be live again, AWSCURRENT on the row's version
 * - `cleanup`: each of `names` is to be deleted
 */
const intent = z.looseObject({
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
  hash: z.string(),
  ver: z.string(),
  newName: z.string(),
  newAlias: z.nullable(z.string()),
  names: z.array(z.string()),
  idempotencyId: z.nullable(z.string()),
  who,
  request_id: z.string(),
});

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
  intent: z.nullable(intent),
  key: keyImage,
  /** When the sweep is to look at this row beside its daily round. */
  sweepAt: z.optional(z.string()),
  /** What a first look of the sweep found wrong with the secret; a second one must confirm it. */
  suspicion: z.optional(z.looseObject({ kind: z.string(), at: z.string() })),
  /** Epoch seconds after which a deleted row is removed. */
  ttl: z.optional(z.number()),
});

export type KeyImage = z.infer<typeof keyImage>;
export type KeyRow = z.infer<typeof keyRow>;
export type Intent = z.infer<typeof intent>;
export type Who = z.infer<typeof who>;
export type Notify = z.infer<typeof notify>;
export type IntentKind = 'generate' | 'restore' | 'cleanup';

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
  /** Counts writes of the lease; a lease is taken only as it was read. */
  rev: z.number(),
});
export type AliasLease = z.infer<typeof aliasLease>;

/** Finds a key by any token hash it has had. */
export const tokenPointer = z.looseObject({
  hash: z.string(),
  keyId: z.string(),
});
export type TokenPointer = z.infer<typeof tokenPointer>;

export type KeyStatus = 'active' | 'expired' | 'revoked' | 'deleted';

/** LiteLLM's `status`: blocked comes before expired; deletion before both. */
export function statusOf(row: KeyRow, now: Date): KeyStatus {
  if (row.status === 'deleted') return 'deleted';
  if (row.blocked) return 'revoked';
  return isExpired(row, now) ? 'expired' : 'active';
}

export const isExpired = (row: KeyRow, now: Date): boolean =>
  row.expires !== null && !(now.getTime() < Date.parse(row.expires));

/**
 * When the row next needs the scheduled function, or null: the sparse `due` index is made of it. It
 * only finds rows; no condition is ever on it.
 */
export function dueAt(row: KeyRow): string | null {
  const times = [row.intent?.fence, row.prev?.until, row.sweepAt];
  return times.filter((time) => time !== undefined).sort()[0] ?? null;
}
