import type { Context } from 'aws-lambda';
import { log } from './log.ts';
import { measure } from './measure.ts';
import { metricsOf } from './metrics.ts';

interface Scheduled {
  readonly operation: string;
  readonly environment: string;
  readonly requestId: Context['awsRequestId'];
}

/** Does the work of a schedule, and writes one line about it, with its counts as metrics. */
export async function withRunLine<Run extends { readonly [Name in keyof Run]: number }>(
  { operation, environment, requestId }: Scheduled,
  work: () => Promise<Run>,
): Promise<Run> {
  const taken = measure();
  const run = await work();
  const fields = { operation, request_id: requestId, ...taken() };
  log('info', 'run', fields, metricsOf(environment, { ...run }));
  return run;
}
