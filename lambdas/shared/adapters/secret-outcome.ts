/** How calls to Secrets Manager end, told apart for the protocol. */
import {
  InvalidRequestException,
  ResourceExistsException,
  ResourceNotFoundException,
} from '@aws-sdk/client-secrets-manager';
import type { SecretFailure, SecretOutcome } from '../domain/ports.ts';
import { isUnanswered } from './aws-error.ts';

interface Options {
  readonly abortSignal: AbortSignal;
}

/** A call that changes a secret. */
export const changed = (
  limitMs: number,
  call: (options: Options) => Promise<{ ARN?: string | undefined }>,
): Promise<SecretOutcome> =>
  answered(limitMs, async (options) => ({ kind: 'done', arn: arnOf(await call(options)) }));

/** Any call: its own outcome, or how it failed. A limit of 0 sends nothing. */
export async function answered<Outcome>(
  limitMs: number,
  call: (options: Options) => Promise<Outcome>,
): Promise<Outcome | SecretFailure> {
  if (limitMs <= 0) return { kind: 'unanswered', reason: 'NotSent' };
  try {
    return await call({ abortSignal: AbortSignal.timeout(limitMs) });
  } catch (error) {
    return failureOf(error);
  }
}

function failureOf(error: unknown): SecretFailure {
  const reason = error instanceof Error ? error.name : 'unknown';
  if (error instanceof ResourceExistsException) return { kind: 'exists', reason };
  // The service's only answer of this class to these calls: "scheduled for deletion".
  if (error instanceof InvalidRequestException) return { kind: 'scheduled', reason };
  if (error instanceof ResourceNotFoundException) return { kind: 'absent', reason };
  if (isUnanswered(error)) return { kind: 'unanswered', reason };
  if (/thrott/i.test(reason)) return { kind: 'throttled', reason };
  return { kind: 'refused', reason };
}

export function arnOf({ ARN }: { ARN?: string | undefined }): string {
  if (ARN === undefined) throw new Error('Secrets Manager answered without an ARN');
  return ARN;
}
