import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import * as z from 'zod/mini';

const savedLambda = z.looseObject({
  payload: z.looseObject({
    dynamodb_stream_positions: z.looseObject({ data: z.record(z.string(), z.number()) }),
  }),
});

/**
 * Makes every stream reader start at the first record after a restart. MiniStack saves how many records
 * each reader has seen, but not the records: the streams of a new process begin at 0, so a reader that
 * had seen 40 would silently skip the next 40. To be called between two runs.
 */
export function rewindStreamReaders(savedState: string): void {
  const file = join(savedState, 'lambda.json');
  if (!existsSync(file)) return;
  const saved = z.safeParse(savedLambda, JSON.parse(readFileSync(file, 'utf8')));
  // A release that keeps no positions has nothing to rewind; the restart test would notice.
  if (!saved.success) return;
  const positions = saved.data.payload.dynamodb_stream_positions.data;
  for (const reader of Object.keys(positions)) positions[reader] = 0;
  writeFileSync(file, JSON.stringify(saved.data));
}
