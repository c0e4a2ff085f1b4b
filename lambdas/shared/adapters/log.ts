import type { Metrics } from './metrics.ts';

/**
 * One JSON line per call, made of named fields only: no event, body, path or header is ever
 * logged, so no key can be. What looks like a key in an error's text is cut out all the same.
 * docs/runbook.md lists the fields of each kind of line.
 */
export interface LogFields {
  readonly operation: string;
  readonly request_id?: string;
  readonly status?: number;
  readonly duration_ms?: number;
  /** Requests sent to AWS, retries included. */
  readonly aws_calls?: number;
  /** Records or messages that a batch had, and those of them that come again. */
  readonly records?: number;
  readonly failed?: number;
  /** Key id of the authenticated caller, as in the audit record. */
  readonly principal?: string;
  readonly error_type?: string;
  readonly error?: string;
  readonly cause?: string;
  /** Of the one key that it is about. */
  readonly key_id?: string;
  readonly notice_id?: string;
  /** Of the message that brought news of a mail. */
  readonly message_id?: string;
  /** Of settings that no audit record tells of. */
  readonly change?: string;
  /** Of a rotation that Secrets Manager drives. */
  readonly step?: string;
  /** Number of an audit record, and what is wrong with it. */
  readonly seq?: number;
  readonly gap?: string;
}

export type LogLevel = 'info' | 'error';

/** Writes a line, which may carry values of metrics. */
export function log(level: LogLevel, message: string, fields: LogFields, metrics?: Metrics): void {
  const line = JSON.stringify({ level, message, ...fields, ...metrics });
  process.stdout.write(`${line.replaceAll(/sk-[^\s"\\]{4,}/g, 'sk-...')}\n`);
}

/** Name, message and stack of an error, for the log alone. */
export const describe = (error: unknown): string =>
  error instanceof Error ? (error.stack ?? `${error.name}: ${error.message}`) : typeof error;

/** What AWS said, where the error tells, for the log alone. */
export const causeOf = (error: unknown): Pick<LogFields, 'cause'> =>
  error instanceof Error && error.cause instanceof Error
    ? { cause: `${error.cause.name}: ${error.cause.message}` }
    : {};
