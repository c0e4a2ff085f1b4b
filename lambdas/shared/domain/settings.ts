/**
 * What an environment decides about its keys. The stack writes it into every function as one
 * JSON variable; `lib/environments.ts` holds the values and the reasons.
 */
export interface Settings {
  /** `dev`, `staging`, `prod` or `local`. */
  readonly environment: string;
  /** Public base URL of the API, without a trailing slash. Shown in mails. */
  readonly baseUrl: string;
  /** Prefix of every mirrored secret's name; ends in exactly one `/`. */
  readonly secretPrefix: string;
  /** Whether keys are mirrored in Secrets Manager at all. */
  readonly storeVirtualKeys: boolean;
  /** Tags put on every secret, beside `latchkey:env`, `key_id`, `team_id` and `user_id`. */
  readonly secretTags: Readonly<Record<string, string>>;
  /** Id or ARN of the customer key that encrypts secrets; null for the AWS-managed one. */
  readonly secretKmsKeyId: string | null;
  /** Whether changes are copied to the audit table. */
  readonly storeAuditLogs: boolean;
  readonly mail: MailSettings;
  /** Filled into a new key where the request leaves the field out. */
  readonly keyDefaults: KeyDefaults;
  /** Above one of these a request is refused; a new key without the field takes the limit. */
  readonly keyLimits: KeyLimits;
  readonly gracePeriod: GracePeriod;
  /** Whether a caller may choose the key's value. */
  readonly allowCustomKeys: boolean;
  /** The whole alias must match it; null leaves only the fixed alias rules. */
  readonly aliasPattern: string | null;
  /** How many live keys an ordinary user may own; null for any number. Admins are exempt. */
  readonly maxKeysPerUser: number | null;
  /** Days after which a deleted key's row is removed. */
  readonly retentionDays: number;
  readonly timing: Timing;
}

export interface MailSettings {
  /** Off: a request that asks for a mail is refused up front. */
  readonly alerting: boolean;
  readonly from: string | null;
  readonly configurationSet: string | null;
  /** Domains that may receive mail; `*` stands for any. */
  readonly domains: readonly string[];
  /** First words of every subject, and what stands for a logo where there is none. */
  readonly subjectPrefix: string;
  /** https URL of an image on top of every mail; null: mails fetch nothing from anywhere. */
  readonly logoUrl: string | null;
  /** Whom an owner is to turn to: an address, a URL or a name; null: the administrator. */
  readonly supportContact: string | null;
  /** Last lines of every mail. */
  readonly signature: string | null;
  /** How long a claim link counts; 0 for none at all. */
  readonly claimLinkHours: number;
}

export interface KeyDefaults {
  readonly max_budget?: number;
  readonly max_parallel_requests?: number;
  readonly tpm_limit?: number;
  readonly rpm_limit?: number;
  readonly budget_duration?: string;
  readonly duration?: string;
  readonly user_id?: string;
  readonly team_id?: string;
  readonly models?: readonly string[];
  readonly metadata?: Readonly<Record<string, unknown>>;
}

export interface KeyLimits {
  readonly max_budget?: number;
  readonly max_parallel_requests?: number;
  readonly tpm_limit?: number;
  readonly rpm_limit?: number;
  readonly budget_duration?: string;
  readonly duration?: string;
}

/** Durations, such as `24h`. */
export interface GracePeriod {
  /** How long a former value is let in where a regenerate does not say. */
  readonly standard: string;
  /** The longest that a regenerate may ask for. */
  readonly limit: string;
}

/**
 * The time constants of the two-store protocol, in seconds. Their inequalities are checked at
 * synth (`lib/environments.ts`); docs/adr/0003-two-store-protocol.md says what each is for.
 */
export interface Timing {
  /** F: hard time-out of a function that calls Secrets Manager. */
  readonly functionTimeoutSeconds: number;
  /** D: how long after its sender's death a call may still take effect. */
  readonly lateCallSeconds: number;
  /** E: how long a read, or an error answer, may be judged on an old copy. */
  readonly staleReadSeconds: number;
  /** σ: clock skew between any two machines. */
  readonly clockSkewSeconds: number;
  /** Q ≥ F + D + E + σ: the fence, before which no reconciler touches an intent. */
  readonly fenceSeconds: number;
  /** P: how often the reconciler runs. */
  readonly reconcilerPeriodSeconds: number;
}
