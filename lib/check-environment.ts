import { RetentionDays } from 'aws-cdk-lib/aws-logs';
import { recordSeconds } from '../lambdas/shared/domain/idempotency.ts';
import type { Timing } from '../lambdas/shared/domain/settings.ts';
import { adminSecretName } from './admin-secret.ts';
import { checkDomain } from './check-domain.ts';
import { checkKeyRules } from './check-key-rules.ts';
import { checkLoad } from './check-load.ts';
import type { Environment } from './environment.ts';
import { EnvironmentError, type Refuse } from './environment-error.ts';
import { isCount } from './is-count.ts';
import { localTarget } from './local-target.ts';
import { isLoopback } from './loopback.ts';
import { normaliseSecretPrefix } from './secret-prefix.ts';

/** Domains reserved for examples and tests (RFC 2606): no mail ever arrives there. */
const reservedDomain = /(^|[.@])(example\.(com|net|org)|example|test|invalid)$/;
const mailAddress = /^[^@\s]+@[^@\s]+\.[^@\s]+$/;

/**
 * The environment with its prefix normalised, and with its domain's base URL. Throws `EnvironmentError`, naming the first setting
 * that is missing, contradicts another, or would deploy and then not work.
 */
export function checkEnvironment(environment: Environment): Environment {
  const refuse: Refuse = (setting, problem) => {
    throw new EnvironmentError(environment.name, setting, problem);
  };
  checkName(environment, refuse);
  checkLocal(environment, refuse);
  checkBaseUrl(environment, refuse);
  checkMail(environment, refuse);
  checkKeyRules(environment, refuse);
  checkOperation(environment, refuse);
  checkLoad(environment, refuse);
  checkTiming(environment.timing, refuse);
  const secrets = checkSecrets(environment, refuse);
  return { ...environment, baseUrl: checkDomain(environment, refuse), secrets };
}

function checkName({ name, account }: Environment, refuse: Refuse) {
  if (!/^[a-z][a-z0-9-]{0,19}$/.test(name)) {
    refuse('name', 'must be lower-case letters, digits and hyphens, 20 at most');
  }
  if (account !== undefined && !/^\d{12}$/.test(account)) {
    refuse('account', `is "${account}": an account id has 12 digits`);
  }
}

function checkBaseUrl({ baseUrl, local }: Environment, refuse: Refuse) {
  if (baseUrl === null) return;
  if (local !== null && !isLoopback(baseUrl)) {
    refuse('baseUrl', `is "${baseUrl}": the local API has a loopback http address only`);
  }
  if (local === null && URL.parse(baseUrl)?.protocol !== 'https:') {
    refuse('baseUrl', `is "${baseUrl}": use an https URL, or null for the API's own`);
  }
  if (baseUrl.endsWith('/')) refuse('baseUrl', 'ends in "/": leave it out, paths bring their own');
}

function checkSecrets({ name, secrets }: Environment, refuse: Refuse) {
  const checkPrefix = (setting: string, written: string): string => {
    const prefix = normaliseSecretPrefix(written);
    if (prefix === null) {
      refuse(setting, 'is empty: name a folder for the mirrored keys, such as "litellm/"');
    }
    // https://docs.aws.amazon.com/secretsmanager/latest/apireference/API_CreateSecret.html
    if (!/^[A-Za-z0-9/_+=.@-]+$/.test(prefix)) {
      refuse(setting, `is "${prefix}": Secrets Manager takes letters, digits and /_+=.@-`);
    }
    if (prefix.length > 128) {
      refuse(setting, 'is longer than 128 characters, which leaves too little for aliases');
    }
    if (adminSecretName(name).startsWith(prefix)) {
      refuse(setting, `covers ${adminSecretName(name)}, the admin key: choose another`);
    }
    return prefix;
  };
  const prefix = checkPrefix('secrets.prefix', secrets.prefix);
  const previousPrefixes = secrets.previousPrefixes.map((previous) =>
    checkPrefix('secrets.previousPrefixes', previous),
  );
  for (const reader of secrets.readers) {
    if (!/^(\d{12}|arn:aws[a-z-]*:iam::\d{12}:role\/.+)$/.test(reader)) {
      refuse('secrets.readers', `has "${reader}": use an account id of 12 digits or a role ARN`);
    }
  }
  for (const tag of Object.keys(secrets.tags)) {
    if (/^(aws:|latchkey:)|^(key|team|user)_id$/.test(tag)) {
      refuse('secrets.tags', `has "${tag}", which is set by AWS or by Latchkey: rename it`);
    }
  }
  if (secrets.kmsKeyArn !== null && !/^arn:aws[a-z-]*:kms:.+:key\/.+$/.test(secrets.kmsKeyArn)) {
    refuse('secrets.kmsKeyArn', 'is not the ARN of a key: IAM cannot grant on an alias');
  }
  return { ...secrets, prefix, previousPrefixes };
}

function checkMail({ mail, local }: Environment, refuse: Refuse) {
  const { claimLinkHours } = mail;
  if (!Number.isInteger(claimLinkHours) || claimLinkHours < 0 || claimLinkHours > 168) {
    refuse(
      'mail.claimLinkHours',
      `is ${claimLinkHours}: use whole hours up to 168, or 0 for no links`,
    );
  }
  if (!mail.alerting) return;
  checkLooks(mail, refuse);
  const { from, identity } = mail;
  const remedy = 'is not set: name a sender SES may use, or set mail.alerting to false';
  if (from === null) refuse('mail.from', remedy);
  if (identity === null) refuse('mail.identity', remedy);
  if (!mailAddress.test(from)) refuse('mail.from', `is "${from}": it must be one bare address`);
  if (local === null && reservedDomain.test(from)) {
    refuse('mail.from', `is "${from}", an example: use an address your SES account may send from`);
  }
  if (from !== identity && !from.endsWith(`@${identity}`)) {
    refuse('mail.identity', `is "${identity}": it must be the sender's address or its domain`);
  }
  if (mail.domains.length === 0) {
    refuse('mail.domains', 'is empty: list the domains that may receive mail, or "*" for any');
  }
  if (mail.backupContact !== null && !mailAddress.test(mail.backupContact)) {
    refuse(
      'mail.backupContact',
      `is "${mail.backupContact}": it must be one bare address, or null for nobody`,
    );
  }
}

function checkLooks(
  { subjectPrefix, logoUrl, supportContact, signature }: Environment['mail'],
  refuse: Refuse,
) {
  if (!isLine(subjectPrefix, 60)) {
    refuse('mail.subjectPrefix', 'must be one line of 1 to 60 characters');
  }
  if (logoUrl !== null && URL.parse(logoUrl)?.protocol !== 'https:') {
    refuse('mail.logoUrl', `is "${logoUrl}": use an https URL, or null for none`);
  }
  if (supportContact !== null && !isLine(supportContact, 200)) {
    refuse('mail.supportContact', 'must be one line of 1 to 200 characters, or null');
  }
  if (signature !== null && !signature.split('\n').every((line) => isLine(line, 200))) {
    refuse('mail.signature', 'must be lines of 1 to 200 characters, or null');
  }
}

/** Text that is not blank and stays one line wherever it is put. */
const isLine = (text: string, most: number): boolean =>
  text.trim() !== '' && text.length <= most && !/[\p{Cc}\u2028\u2029]/u.test(text);

function checkOperation(environment: Environment, refuse: Refuse) {
  const { retention, streamReaderConcurrency, alarmAddress } = environment;
  if (!isCount(retention.deletedKeysDays)) refuse('retention.deletedKeysDays', 'must be above 0');
  if (!isCount(retention.failuresDays)) refuse('retention.failuresDays', 'must be above 0');
  if (RetentionDays[retention.logs] === undefined) {
    refuse('retention.logs', `is ${retention.logs}: use a value of RetentionDays`);
  }
  if (streamReaderConcurrency !== null && !isCount(streamReaderConcurrency)) {
    refuse('streamReaderConcurrency', 'must be above 0, or null to reserve none');
  }
  if (alarmAddress !== null && !mailAddress.test(alarmAddress)) {
    refuse('alarmAddress', `is "${alarmAddress}": it must be one bare address, or null for none`);
  }
}

/**
 * The fence must outlast everything that may still happen after its sender's death, or a reconciler
 * decides on a call that is still to come: docs/adr/0003-two-store-protocol.md.
 */
function checkTiming(timing: Timing, refuse: Refuse) {
  for (const [name, seconds] of Object.entries(timing)) {
    if (!isCount(seconds)) refuse(`timing.${name}`, 'must be a whole number of seconds above 0');
  }
  const { functionTimeoutSeconds, lateCallSeconds, staleReadSeconds, clockSkewSeconds } = timing;
  if (functionTimeoutSeconds <= 5) {
    refuse(
      'timing.functionTimeoutSeconds',
      'must be above 5: no call is sent in its last 5 seconds',
    );
  }
  if (functionTimeoutSeconds > 29) {
    refuse('timing.functionTimeoutSeconds', 'must be below 30, where API Gateway gives up');
  }
  const least = functionTimeoutSeconds + lateCallSeconds + staleReadSeconds + clockSkewSeconds;
  if (timing.fenceSeconds < least) {
    refuse(
      'timing.fenceSeconds',
      `is ${timing.fenceSeconds}, must be at least ${least} = functionTimeout + lateCall + staleRead + clockSkew`,
    );
  }
  if (timing.reconcilerPeriodSeconds % 60 !== 0) {
    refuse('timing.reconcilerPeriodSeconds', 'must be whole minutes: EventBridge counts in those');
  }
  const repaired = timing.fenceSeconds + timing.reconcilerPeriodSeconds + functionTimeoutSeconds;
  if (repaired >= recordSeconds) {
    refuse(
      'timing',
      `leaves a step open for ${repaired} s = fence + reconcilerPeriod + functionTimeout: it must be below ${recordSeconds}, the life of an idempotency record`,
    );
  }
}

function checkLocal({ name, account, region, local }: Environment, refuse: Refuse) {
  if ((local === null) === (name === 'local')) {
    refuse('local', 'is for the environment named "local", and for no other: set it to null');
  }
  if (local === null) return;
  if (account !== localTarget.account || region !== localTarget.region) {
    refuse(
      'account',
      `and region must be ${localTarget.account} and ${localTarget.region}, the local AWS: a real account would get an admin key that everybody knows`,
    );
  }
  const endpoint = local.secretsEndpoint;
  if (endpoint === null) return;
  if (!isLoopback(endpoint)) {
    refuse('secretsEndpoint', `is "${endpoint}": secrets may go to a loopback http address only`);
  }
}
