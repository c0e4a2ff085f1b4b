import { Stack } from 'aws-cdk-lib';
import type { Construct } from 'constructs';
import type { Settings } from '../lambdas/shared/domain/settings.ts';
import type { Environment } from './environment.ts';
import { EnvironmentError } from './environment-error.ts';

/**
 * Lambda allows 4 kB for all of a function's variables together; the rest (table names, URLs) stays
 * well below the difference. https://docs.aws.amazon.com/lambda/latest/dg/gettingstarted-limits.html
 */
const maxBytes = 3 * 1024;

/** What only the stack knows. */
export interface Deployed {
  /** The API's own URL, without a trailing slash. */
  readonly apiUrl: string;
  readonly configurationSet: string | null;
}

/** The environment as the functions see it. */
export function functionSettings(environment: Environment, deployed: Deployed): Settings {
  const { secrets, mail, keys } = environment;
  return {
    environment: environment.name,
    baseUrl: environment.baseUrl ?? deployed.apiUrl,
    secretPrefix: secrets.prefix,
    storeVirtualKeys: secrets.storeVirtualKeys,
    secretTags: secrets.tags,
    secretKmsKeyId: secrets.kmsKeyArn,
    storeAuditLogs: environment.storeAuditLogs,
    mail: {
      alerting: mail.alerting,
      from: mail.from,
      configurationSet: deployed.configurationSet,
      domains: mail.domains,
      subjectPrefix: mail.subjectPrefix,
      logoUrl: mail.logoUrl,
      supportContact: mail.supportContact,
      signature: mail.signature,
      claimLinkHours: mail.claimLinkHours,
    },
    keyDefaults: keys.defaults,
    keyLimits: keys.limits,
    gracePeriod: keys.gracePeriod,
    allowCustomKeys: keys.allowCustomKeys,
    aliasPattern: keys.aliasPattern,
    maxKeysPerUser: keys.maxKeysPerUser,
    retentionDays: environment.retention.deletedKeysDays,
    timing: environment.timing,
  };
}

/** The value of the functions' `SETTINGS` variable. Throws `EnvironmentError` where it would not fit. */
export function settingsVariable(scope: Construct, settings: Settings): string {
  const bytes = Buffer.byteLength(JSON.stringify(settings));
  if (bytes > maxBytes) {
    throw new EnvironmentError(
      settings.environment,
      'settings',
      `take ${bytes} bytes of the ${maxBytes} a Lambda variable may have: shorten mail.domains, secrets.tags or keys.defaults`,
    );
  }
  return Stack.of(scope).toJsonString(settings);
}
