import type { KeyType, UserRole } from './key-row.ts';

/** Absent and null are told apart only where LiteLLM does. */
export type Maybe<T> = T | null | undefined;
type Json = Readonly<Record<string, unknown>>;

/** The fields of a generate request; our own are at the end. */
export interface NewKeyFields {
  readonly key?: Maybe<string>;
  readonly key_alias?: Maybe<string>;
  readonly duration?: Maybe<string>;
  readonly models?: Maybe<readonly string[]>;
  readonly aliases?: Maybe<Json>;
  readonly config?: Maybe<Json>;
  readonly permissions?: Maybe<Json>;
  readonly spend?: Maybe<number>;
  readonly max_budget?: Maybe<number>;
  readonly soft_budget?: Maybe<number>;
  readonly budget_duration?: Maybe<string>;
  readonly user_id?: Maybe<string>;
  readonly team_id?: Maybe<string>;
  readonly organization_id?: Maybe<string>;
  readonly tpm_limit?: Maybe<number>;
  readonly rpm_limit?: Maybe<number>;
  readonly max_parallel_requests?: Maybe<number>;
  readonly metadata?: Maybe<Json>;
  readonly tags?: Maybe<readonly string[]>;
  readonly blocked?: Maybe<boolean>;
  readonly key_type?: Maybe<KeyType>;
  readonly auto_rotate?: Maybe<boolean>;
  readonly rotation_interval?: Maybe<string>;
  readonly send_invite_email?: Maybe<boolean>;
  readonly user_email?: Maybe<string>;
  readonly user_role?: Maybe<UserRole>;
  readonly store_secret?: Maybe<boolean>;
}
