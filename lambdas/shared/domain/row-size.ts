import { InvalidField } from './errors.ts';
import type { KeyRow } from './key-row.ts';

const maxBytes = 32 * 1024;

/**
 * Refuses a row over 32 kB, so that the images before and after a change always fit one audit
 * record, and any page of keys fits an answer.
 */
export function checkRowSize(row: KeyRow): void {
  const bytes = Buffer.byteLength(JSON.stringify(row));
  if (bytes > maxBytes) {
    throw new InvalidField(
      null,
      `The key's settings take ${bytes} bytes, at most ${maxBytes} can be stored; shorten metadata, models or config.`,
    );
  }
}
