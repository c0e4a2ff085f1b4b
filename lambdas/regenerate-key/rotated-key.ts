import type { KeyRow } from '../shared/domain/key-row.ts';
import { issuedKey } from '../shared/http/key-answer.ts';

/** The answer of regenerate, but for the new value: what is kept for a repeat has none. */
export const rotatedKey = (row: KeyRow) => ({
  ...issuedKey(row),
  overlap_until: row.key.overlap_until ?? null,
  ended_overlap: row.event.ended_overlap ?? false,
});
