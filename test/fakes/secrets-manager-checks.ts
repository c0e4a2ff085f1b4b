/**
 * What Secrets Manager refuses before it looks at a secret. Limits:
 * https://docs.aws.amazon.com/secretsmanager/latest/userguide/reference_limits.html
 */
import { AwsRefusal } from './aws-refusal.ts';

export interface Tag {
  readonly Key: string;
  readonly Value: string;
}

const invalidParameter = (message: string) => new AwsRefusal('InvalidParameterException', message);
/** Of the checks that the service's framework makes by its model. */
const invalidValue = (member: string, constraint: string) =>
  new AwsRefusal(
    'ValidationException',
    `1 validation error detected: Value at '${member}' failed to satisfy constraint: ${constraint}`,
  );

export function checkName(name: string): void {
  if (/^[A-Za-z0-9/_+=.@-]{1,512}$/.test(name)) return;
  throw new AwsRefusal(
    'ValidationException',
    'Invalid name. Must be a valid name containing alphanumeric characters, or any of the following: -/_+=.@!',
  );
}

export function checkSecretId(secretId: string): void {
  if (secretId.length >= 1 && secretId.length <= 2048) return;
  throw invalidValue('secretId', 'Member must have length between 1 and 2048');
}

/** The SDK makes one where the caller gives none; without either the service refuses. */
export function checkToken(token: string | undefined): asserts token is string {
  if (token !== undefined && token.length >= 32 && token.length <= 64) return;
  throw invalidParameter('ClientRequestToken must be 32-64 characters long.');
}

export function checkValue(value: string): void {
  if (value.length >= 1 && Buffer.byteLength(value) <= 65_536) return;
  throw invalidValue('secretString', 'Member must have length less than or equal to 65536');
}

export function checkStages(stages: readonly string[]): void {
  if (stages.length < 1 || stages.length > 20) {
    throw invalidValue('versionStages', 'Member must have length between 1 and 20');
  }
  if (stages.some((stage) => stage.length < 1 || stage.length > 256)) {
    throw invalidValue('versionStages', 'Member must have length between 1 and 256');
  }
}

export function checkTags(tags: readonly Tag[]): void {
  if (tags.length > 50) throw invalidParameter('A secret can have at most 50 tags.');
  if (new Set(tags.map(({ Key }) => Key)).size < tags.length) {
    throw invalidParameter('Duplicate tag keys found.');
  }
  for (const { Key, Value } of tags) {
    const isAllowed = /^[\p{L}\p{Z}\p{N}_.:/=+\-@]*$/u;
    if (Key.length < 1 || Key.length > 128) throw invalidValue('tags', 'Key: length 1 to 128');
    if (Value.length > 256) throw invalidValue('tags', 'Value: length at most 256');
    if (/^aws:/i.test(Key)) throw invalidParameter('Tag keys starting with aws: are reserved.');
    if (!isAllowed.test(Key) || !isAllowed.test(Value)) {
      throw invalidParameter('A tag has a character that tags cannot have.');
    }
  }
}

export function checkRecoveryWindow(days: number): void {
  if (Number.isInteger(days) && days >= 7 && days <= 30) return;
  throw invalidParameter(
    'The RecoveryWindowInDays value must be between 7 and 30 days (inclusive).',
  );
}
