import type { RetentionDays } from 'aws-cdk-lib/aws-logs';
import type {
  GracePeriod,
  KeyDefaults,
  KeyLimits,
  Timing,
} from '../lambdas/shared/domain/settings.ts';

/** Everything that differs between two deployments of Latchkey. `environments.ts` holds the values. */
export interface Environment {
  /** Part of the stack's name, of the admin secret's name and of every mirrored secret's tags. */
  readonly name: string;
  /** Where `cdk deploy` must land. Without them: wherever its credentials point. */
  readonly account?: string;
  readonly region?: string;
  /**
   * Public base URL, shown in mails, of whatever stands in front of the API. Null: that of `domain`, and
   * without one the API's own.
   */
  readonly baseUrl: string | null;
  /**
   * A custom domain that the stack makes and maps to the API. It lets the front be replaced later
   * without a change for callers. Null: none is made.
   */
  readonly domain: DomainSettings | null;
  readonly secrets: SecretSettings;
  /** Whether changes are copied to the audit table. Off: events and digests go on, records stop. */
  readonly storeAuditLogs: boolean;
  readonly mail: MailEnvironment;
  readonly keys: KeyRules;
  /** Above it the gateway itself answers 429, at the cost of no function. */
  readonly throttling: Throttling;
  /**
   * Containers that are kept warm, by the name of the operation, such as `{ 'verify-key': 2 }`: their
   * first calls are no slower than the others. AWS bills them by the hour, used or not.
   */
  readonly provisionedConcurrency: Readonly<Record<string, number>>;
  /** Whether the functions record traces (X-Ray): how long each invocation took, never what was in it. */
  readonly tracing: boolean;
  readonly retention: Retention;
  /** Retain tables, bucket and logs when the stack goes, and protect the tables from deletion. */
  readonly keepsData: boolean;
  /**
   * Concurrency set aside for each stream reader, so that a burst of API calls cannot starve the
   * audit. Null sets none aside: a young account has ten in all and refuses to reserve any.
   */
  readonly streamReaderConcurrency: number | null;
  /** Receives the alarms, after confirming the subscription. Null: alarms only change state. */
  readonly alarmAddress: string | null;
  readonly timing: Timing;
  /** Only the environment on this machine has these. */
  readonly local: LocalSettings | null;
}

export interface DomainSettings {
  /** Such as `keys.your-domain`. */
  readonly name: string;
  /** ARN of its certificate in ACM, in the environment's region and account. */
  readonly certificateArn: string;
  /** The zone of Route 53 where the stack makes the DNS record. Null: somebody makes it elsewhere. */
  readonly hostedZone: { readonly id: string; readonly name: string } | null;
}

export interface Throttle {
  readonly ratePerSecond: number;
  readonly burst: number;
}

/** Limits of the API, and of single routes in their place, such as `GET /key/list`. */
export interface Throttling extends Throttle {
  readonly routes: Readonly<Record<string, Throttle>>;
}

export interface SecretSettings {
  /** Whether keys are mirrored in Secrets Manager at all. */
  readonly storeVirtualKeys: boolean;
  /** Prefix of every mirrored secret's name. However written, it ends up with exactly one `/`. */
  readonly prefix: string;
  /**
   * Prefixes that were in use before: keys keep their secrets there until they are renamed or deleted,
   * so that the functions go on reaching them. New names are under `prefix` alone.
   */
  readonly previousPrefixes: readonly string[];
  /** Put on every secret, beside the tags Latchkey sets itself. */
  readonly tags: Readonly<Record<string, string>>;
  /** ARN of a customer key that encrypts the secrets. Null: the AWS-managed one, which is free. */
  readonly kmsKeyArn: string | null;
  /** Account ids and role ARNs that may assume the reader role. None: there is no such role. */
  readonly readers: readonly string[];
}

export interface MailEnvironment {
  /** Off: a request that asks for a mail is refused, and the functions get no right to send. */
  readonly alerting: boolean;
  /** The sender. */
  readonly from: string | null;
  /** The SES identity the sender belongs to: the address itself, or its domain. */
  readonly identity: string | null;
  /**
   * Whether the stack makes the identity. An identity exists once per account and region: where
   * another environment or a person has made it, this must be false.
   */
  readonly createsIdentity: boolean;
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
  /**
   * How long a claim link counts, by which the owner of a key is shown its value once, without an AWS
   * account. 0: mails have no link, and no function without a credential may read a secret.
   */
  readonly claimLinkHours: number;
  /**
   * Receives a mail when one about a key did not arrive. Null: nobody does, only the alarm tells.
   * It need not be of one of the domains.
   */
  readonly backupContact: string | null;
}

export interface KeyRules {
  readonly defaults: KeyDefaults;
  readonly limits: KeyLimits;
  readonly gracePeriod: GracePeriod;
  readonly allowCustomKeys: boolean;
  readonly aliasPattern: string | null;
  readonly maxKeysPerUser: number | null;
}

export interface Retention {
  /** Function and access logs. */
  readonly logs: RetentionDays;
  /** Days a deleted key can still be shown and listed. */
  readonly deletedKeysDays: number;
  /** Days a stream record that could not be processed is kept for a replay. */
  readonly failuresDays: number;
}

export interface LocalSettings {
  /** The admin key's value: LiteLLM's own default, so that its clients work unchanged. */
  readonly masterKeyValue: string;
  /** Loopback address of the guard in front of the local Secrets Manager; null for none. */
  readonly secretsEndpoint: string | null;
}
