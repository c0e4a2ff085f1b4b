/** What the console reads of the API's answers: the shapes that the operations answer by, and no code of theirs. */
import type * as z from 'zod/mini';
import type { auditRecordAnswer } from '../lambdas/shared/http/audit-schema.ts';
import type {
  fullRowAnswer,
  issuedKeyAnswer,
  keyInfoAnswer,
  rotatedKeyAnswer,
} from '../lambdas/shared/http/key-schema.ts';

export type KeyInfo = z.infer<typeof keyInfoAnswer>;
export type Key = KeyInfo['info'];
export type IssuedKey = z.infer<typeof issuedKeyAnswer>;
export type RotatedKey = z.infer<typeof rotatedKeyAnswer>;
export type ListedKey = z.infer<typeof fullRowAnswer> & Pick<Key, 'status'>;
export type AuditRecord = z.infer<typeof auditRecordAnswer>;

/** A part of a list that is read through a cursor. */
interface Part {
  /** Null at the end. */
  readonly next_cursor: string | null;
}
export interface KeysPart extends Part {
  readonly keys: readonly ListedKey[];
}
export interface RecordsPart extends Part {
  readonly audit_logs: readonly AuditRecord[];
}
