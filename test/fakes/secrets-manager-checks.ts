/** What Secrets Manager refuses before it looks at a secret, beyond names, values, labels and tags. */
import { refusalOfInput } from '../../scripts/local/secret-input.ts';
import { AwsRefusal } from './aws-refusal.ts';

export interface Tag {
  readonly Key: string;
  readonly Value: string;
}

/** Throws where any member of the request is one that the service does not take. */
export function checkInput(input: object): void {
  const refusal = refusalOfInput({ ...input });
  if (refusal !== null) throw new AwsRefusal(refusal.type, refusal.message);
}

export function checkSecretId(secretId: string): void {
  if (secretId.length >= 1 && secretId.length <= 2048) return;
  throw new AwsRefusal('ValidationException', "Value at 'secretId' has not length 1 to 2048");
}

/** The SDK makes one where the caller gives none; without either the service refuses. */
export function tokenOf({
  ClientRequestToken: token,
}: {
  ClientRequestToken?: string | undefined;
}) {
  if (token !== undefined) return token;
  throw invalidParameter('You must provide a ClientRequestToken value.');
}

export function checkRecoveryWindow(days: number): void {
  if (Number.isInteger(days) && days >= 7 && days <= 30) return;
  throw invalidParameter(
    'The RecoveryWindowInDays value must be between 7 and 30 days (inclusive).',
  );
}

const invalidParameter = (message: string) => new AwsRefusal('InvalidParameterException', message);
