/**
 * Whether an error is ours to fix: the service understood the request and refused it for a reason
 * that no retry changes, or the error never came from a service at all. Throttling, server errors,
 * time-outs and broken connections are not.
 */
export function isBug(error: unknown): boolean {
  if (!(error instanceof Error)) return true;
  if (isNetworkTrouble(error)) return false;
  const status = statusOf(error);
  if (status === undefined) return true;
  return isRefusal(status) && status !== 429 && !/thrott|throughput|limit/i.test(error.name);
}

/**
 * The call may or may not have taken effect. Only a refusal (4xx) tells that it did not: no answer,
 * a server error, and a success whose body could not be read do not.
 */
export function isUnanswered(error: unknown): boolean {
  const status = error instanceof Error ? statusOf(error) : undefined;
  return status === undefined || !isRefusal(status);
}

const isRefusal = (status: number): boolean => status >= 400 && status < 500;

function isNetworkTrouble(error: Error): boolean {
  if (error.name === 'AbortError' || error.name === 'TimeoutError') return true;
  return 'code' in error && typeof error.code === 'string' && /^E(AI_)?[A-Z]+$/.test(error.code);
}

function statusOf(error: Error): number | undefined {
  if (!('$metadata' in error)) return undefined;
  const metadata = error.$metadata;
  if (typeof metadata !== 'object' || metadata === null) return undefined;
  if (!('httpStatusCode' in metadata)) return undefined;
  return typeof metadata.httpStatusCode === 'number' ? metadata.httpStatusCode : undefined;
}
