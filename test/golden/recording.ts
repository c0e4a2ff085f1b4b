/** The recorded requests and answers of a real LiteLLM proxy, one JSON object a line. */
import { readFileSync } from 'node:fs';
import * as z from 'zod/mini';

const headers = z.record(z.string(), z.string());

const row = z.object({
  /** Unique within a file. */
  name: z.string(),
  /** When the request was sent. */
  at: z.string(),
  request: z.object({
    method: z.string(),
    path: z.string(),
    headers,
    /** An object to send as JSON, `{"$raw": text}` to send as it is, or null for no body. */
    body: z.nullable(z.unknown()),
  }),
  /** Null where the answer is not given. */
  response: z.nullable(z.object({ status: z.number(), headers, body: z.unknown() })),
});

export type Row = z.infer<typeof row>;
export type Recorded = NonNullable<Row['response']>;

export type RecordingName = 'default' | 'policy';

export function recordedRows(name: RecordingName): Row[] {
  const file = readFileSync(new URL(`./${name}.jsonl`, import.meta.url), 'utf8');
  return file
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => row.parse(JSON.parse(line)));
}

export const isObject = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

/** A member of a JSON object; undefined for anything else. */
export const member = (value: unknown, name: string): unknown =>
  isObject(value) ? value[name] : undefined;
