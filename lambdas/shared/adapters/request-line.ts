import { readOptional, readSettings } from '../config.ts';
import { serverErrors } from '../domain/metric-names.ts';
import { type LogFields, log } from './log.ts';
import { measure } from './measure.ts';
import { metricsOf } from './metrics.ts';

/**
 * Begins with a request; the function that it returns writes the one line about it. An answer with a
 * 5xx counts as a metric: Lambda itself counts calls, their time, and what ends without an answer.
 */
export function requestLine(operation: string, requestId: string) {
  const taken = measure();
  return (status: number, more: Partial<LogFields>): void => {
    const isOurs = status >= 500;
    log(
      isOurs ? 'error' : 'info',
      'request',
      { operation, request_id: requestId, status, ...taken(), ...more },
      isOurs ? counted() : undefined,
    );
  };
}

/** Without settings nothing works, and nobody knows which environment this is. */
const counted = () =>
  readOptional('SETTINGS') === undefined
    ? undefined
    : metricsOf(readSettings().environment, { [serverErrors]: 1 }, ['operation']);
