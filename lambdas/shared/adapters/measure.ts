import { awsCalls } from './aws-calls.ts';
import type { LogFields } from './log.ts';

/** What an invocation took. */
export type Taken = Required<Pick<LogFields, 'duration_ms' | 'aws_calls'>>;

/** Begins with an invocation; the function that it returns tells what that took until then. */
export function measure(): () => Taken {
  const startedAt = performance.now();
  const before = awsCalls();
  return () => ({
    duration_ms: Math.round(performance.now() - startedAt),
    aws_calls: awsCalls() - before,
  });
}
