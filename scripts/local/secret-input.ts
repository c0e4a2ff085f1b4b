/**
 * What Secrets Manager refuses by the request alone, before it looks at a secret. Limits:
 * https://docs.aws.amazon.com/secretsmanager/latest/userguide/reference_limits.html
 */
import * as z from 'zod/mini';

export interface Refusal {
  /** Class of AWS's exception. */
  readonly type: string;
  readonly message: string;
}

/** The refusal of a request with these members, or null. What it does not know it lets pass. */
export function refusalOfInput(input: Readonly<Record<string, unknown>>): Refusal | null {
  const { Name, ClientRequestToken, SecretString, VersionStages, Tags } = input;
  return (
    (typeof Name === 'string' ? ofName(Name) : null) ??
    (typeof ClientRequestToken === 'string' ? ofToken(ClientRequestToken) : null) ??
    (typeof SecretString === 'string' ? ofValue(SecretString) : null) ??
    ofStages(VersionStages) ??
    ofTags(Tags)
  );
}

const ofName = (name: string): Refusal | null =>
  /^[A-Za-z0-9/_+=.@-]{1,512}$/.test(name)
    ? null
    : invalidValue('name', 'length 1 to 512, alphanumeric or any of -/_+=.@');

const ofToken = (token: string): Refusal | null =>
  token.length >= 32 && token.length <= 64
    ? null
    : invalidParameter('ClientRequestToken must be 32-64 characters long.');

const ofValue = (value: string): Refusal | null =>
  value.length >= 1 && Buffer.byteLength(value) <= 65_536
    ? null
    : invalidValue('secretString', 'length 1 to 65536');

const stageList = z.array(z.string());

function ofStages(given: unknown): Refusal | null {
  const { success, data: stages } = z.safeParse(stageList, given);
  if (!success) return null;
  const isFit = stages.every(({ length }) => length >= 1 && length <= 256);
  if (isFit && stages.length >= 1 && stages.length <= 20) return null;
  return invalidValue('versionStages', '1 to 20 labels of length 1 to 256');
}

const tagList = z.array(z.object({ Key: z.string(), Value: z.string() }));
const tagText = /^[\p{L}\p{Z}\p{N}_.:/=+\-@]*$/u;

function ofTags(given: unknown): Refusal | null {
  const { success, data: tags } = z.safeParse(tagList, given);
  if (!success) return null;
  if (tags.length > 50) return invalidParameter('A secret can have at most 50 tags.');
  if (new Set(tags.map(({ Key }) => Key)).size < tags.length) {
    return invalidParameter('Two tags have the same key.');
  }
  for (const { Key, Value } of tags) {
    if (Key.length < 1 || Key.length > 128) return invalidValue('tags.key', 'length 1 to 128');
    if (Value.length > 256) return invalidValue('tags.value', 'length at most 256');
    if (/^aws:/i.test(Key)) return invalidParameter('Tag keys that begin with aws: are reserved.');
    if (!tagText.test(Key) || !tagText.test(Value)) {
      return invalidParameter('Tags have letters, digits, spaces and _.:/=+-@ only.');
    }
  }
  return null;
}

const invalidParameter = (message: string): Refusal => ({
  type: 'InvalidParameterException',
  message,
});

/** Of the checks that the service's framework makes by its model. */
const invalidValue = (member: string, constraint: string): Refusal => ({
  type: 'ValidationException',
  message: `1 validation error detected: Value at '${member}' failed to satisfy constraint: ${constraint}`,
});
