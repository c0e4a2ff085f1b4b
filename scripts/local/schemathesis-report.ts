/** What Schemathesis writes of a run, one event a line, as far as it is told. */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import * as z from 'zod/mini';

const event = z.object({
  ScenarioFinished: z.optional(
    z.object({
      recorder: z.object({
        label: z.string(),
        checks: z.optional(
          z.record(z.string(), z.array(z.object({ name: z.string(), status: z.string() }))),
        ),
        interactions: z.optional(
          z.record(
            z.string(),
            z.object({
              response: z.nullable(z.object({ status_code: z.number() })),
            }),
          ),
        ),
      }),
    }),
  ),
});

export interface Told {
  /** Requests by operation. */
  readonly requests: Readonly<Record<string, number>>;
  /** Answers by status. */
  readonly statuses: Readonly<Record<string, number>>;
  /** Checks that held, and those that did not. */
  readonly held: number;
  readonly failed: number;
}

/** Reads the report in a folder. Throws where there is none. */
export function readReport(folder: string): Told {
  const [file] = readdirSync(folder).filter((name) => name.endsWith('.ndjson'));
  if (file === undefined) throw new Error('Schemathesis has written no report');
  const requests: Record<string, number> = {};
  const statuses: Record<string, number> = {};
  const checked = { success: 0, failure: 0 };
  for (const line of readFileSync(join(folder, file), 'utf8').split('\n')) {
    const finished = line === '' ? undefined : event.parse(JSON.parse(line)).ScenarioFinished;
    if (finished === undefined) continue;
    const { label, checks = {}, interactions = {} } = finished.recorder;
    const answers = Object.values(interactions);
    requests[label] = (requests[label] ?? 0) + answers.length;
    for (const { response } of answers) {
      const status = String(response?.status_code ?? 'none');
      statuses[status] = (statuses[status] ?? 0) + 1;
    }
    for (const { status } of Object.values(checks).flat()) {
      if (status === 'success' || status === 'failure') checked[status] += 1;
    }
  }
  return { requests, statuses, held: checked.success, failed: checked.failure };
}
