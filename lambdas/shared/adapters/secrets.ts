/** The mirror in Secrets Manager. */
import {
  CreateSecretCommand,
  InvalidRequestException,
  ResourceExistsException,
  ResourceNotFoundException,
  type SecretsManagerClient,
} from '@aws-sdk/client-secrets-manager';
import type { NewSecret, SecretOutcome, Secrets } from '../domain/ports.ts';
import { isUnanswered } from './aws-error.ts';

export function secretsMirror(client: SecretsManagerClient, kmsKeyId: string | null): Secrets {
  return { create };

  async function create(secret: NewSecret, limitMs: number): Promise<SecretOutcome> {
    return outcomeOf(limitMs, async (abortSignal) => {
      const { ARN } = await client.send(
        new CreateSecretCommand({
          Name: secret.name,
          SecretString: secret.value,
          ClientRequestToken: secret.token,
          Tags: Object.entries(secret.tags).map(([Key, Value]) => ({ Key, Value })),
          ...(kmsKeyId === null ? {} : { KmsKeyId: kmsKeyId }),
        }),
        { abortSignal },
      );
      return ARN;
    });
  }
}

async function outcomeOf(
  limitMs: number,
  call: (signal: AbortSignal) => Promise<string | undefined>,
): Promise<SecretOutcome> {
  if (limitMs <= 0) return { kind: 'unanswered', reason: 'NotSent' };
  try {
    return { kind: 'done', arn: (await call(AbortSignal.timeout(limitMs))) ?? '' };
  } catch (error) {
    return refusalOf(error);
  }
}

function refusalOf(error: unknown): SecretOutcome {
  const reason = error instanceof Error ? error.name : 'unknown';
  if (error instanceof ResourceExistsException) return { kind: 'exists', reason };
  // The service's only answer of this class to these calls: "scheduled for deletion".
  if (error instanceof InvalidRequestException) return { kind: 'scheduled', reason };
  if (error instanceof ResourceNotFoundException) return { kind: 'absent', reason };
  if (isUnanswered(error)) return { kind: 'unanswered', reason };
  if (/thrott/i.test(reason)) return { kind: 'throttled', reason };
  return { kind: 'refused', reason };
}
