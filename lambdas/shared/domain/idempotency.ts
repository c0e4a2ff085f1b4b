/**
 * Retrying without doing it twice. A client that sends `Idempotency-Key` gets the first answer again
 * for a day, whatever happened to that answer on its way.
 */
import { createHash } from 'node:crypto';
import * as z from 'zod/mini';
import { canonicalJson } from './canonical-json.ts';
import { InvalidField } from './errors.ts';
import { containsIssuedKey } from './key-format.ts';

export const idempotencyRecord = z.looseObject({
  id: z.string(),
  requestHash: z.string(),
  /** The event's id; while an intent of this id is open, the first attempt is not over. */
  eventId: z.string(),
  keyId: z.string(),
  /** Of a call on several keys: each in the order of the request, null where it named none. */
  keyIds: z.optional(z.array(z.nullable(z.string()))),
  /** Hash of the value that the first answer carried. */
  hash: z.string(),
  /** The first answer as JSON text, without the secret. */
  answer: z.string(),
  /** Epoch seconds until which the record counts. */
  ttl: z.number(),
});
export type IdempotencyRecord = z.infer<typeof idempotencyRecord>;

/** An attempt that may be repeated: where its record is, and what it must equal. */
export interface Attempt {
  readonly id: string;
  readonly requestHash: string;
  /** As `ttl` of a record; left out: a day from the change on. */
  readonly until?: number;
}

/** The attempt at one of several changes that a call makes; it counts as long as the call's record. */
export const attemptAt = (
  { id, requestHash, ttl }: Pick<IdempotencyRecord, 'id' | 'requestHash' | 'ttl'>,
  index: number,
): Attempt => ({ id: sha256(`${id}\n${index}`), requestHash, until: ttl });

/** Seconds a record counts: shorter than Secrets Manager keeps any version (24 h). */
export const recordSeconds = 86_400;

/**
 * The header's value. Throws `InvalidField` unless it is 1 to 255 printable ASCII characters without
 * a key among them.
 */
export function checkIdempotencyKey(header: string): string {
  if (/^[\x21-\x7e]{1,255}$/.test(header) && !containsIssuedKey(header)) return header;
  throw new InvalidField(
    'Idempotency-Key',
    'Idempotency-Key must have 1 to 255 printable ASCII characters, no spaces, and be no key.',
  );
}

/** Another caller, or another route, with the same header has another record. */
export const recordIdOf = (route: string, callerKeyId: string, header: string): string =>
  sha256(`${route}\n${callerKeyId}\n${header}`);

/** Equal for bodies that say the same: member order and white space do not count. */
export const requestHashOf = (body: unknown): string => sha256(canonicalJson(body));

export const isExpired = (record: IdempotencyRecord, now: Date): boolean =>
  record.ttl * 1000 <= now.getTime();

const sha256 = (text: string): string => createHash('sha256').update(text).digest('hex');
