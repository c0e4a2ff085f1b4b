/**
 * Cursors: where the next page of a list begins. Opaque, good for a day, and sealed: one that was
 * altered, made elsewhere, or belongs to another list, filter or caller is refused.
 */
import { createHash, createHmac, timingSafeEqual } from 'node:crypto';
import { canonicalJson } from './canonical-json.ts';
import { InvalidField } from './errors.ts';
import type { KeyRow } from './key-row.ts';

/** What a cursor is sealed with, and to. */
export interface Seal {
  readonly key: Buffer;
  /** Names the list: its route, its filters, its order and its caller. */
  readonly list: string;
}

/** The first this many bytes of a cursor are its seal. */
const sealBytes = 16;
const validSeconds = 86_400;
const maxLength = 4096;

/**
 * A list's seal. The key is made of the first hash of the admin key, which no answer shows and no
 * rotation changes; so a cursor of another environment is none here.
 */
export function sealOf(
  admin: KeyRow | null,
  route: string,
  callerKeyId: string,
  filters: Readonly<Record<string, unknown>>,
): Seal {
  if (admin === null) throw new Error('There is no admin key to seal cursors with');
  const list = canonicalJson({ route, caller: callerKeyId, filters });
  return {
    key: createHash('sha256').update(`cursor ${admin.first_token}`).digest(),
    list: createHash('sha256').update(list).digest('base64url').slice(0, 22),
  };
}

/** The cursor that goes on after a position. */
export function cursorAt(position: string, { key, list }: Seal, now: Date): string {
  const until = Math.floor(now.getTime() / 1000) + validSeconds;
  const content = Buffer.from(JSON.stringify([until, list, position]));
  return Buffer.concat([sealed(content, key), content]).toString('base64url');
}

/** The position that a cursor goes on after. Throws `InvalidField` that says why it cannot be used. */
export function positionOf(cursor: string, { key, list }: Seal, now: Date): string {
  const bytes = Buffer.from(cursor.length > maxLength ? '' : cursor, 'base64url');
  const content = bytes.subarray(sealBytes);
  const isWhole = bytes.length > sealBytes && bytes.toString('base64url') === cursor;
  if (!isWhole || !timingSafeEqual(bytes.subarray(0, sealBytes), sealed(content, key))) {
    throw refused('is none of this service, or was altered');
  }
  const [until, madeFor, position]: [number, string, string] = JSON.parse(content.toString());
  if (madeFor !== list) {
    throw refused('belongs to another list: send the filters and the key that it was made with');
  }
  if (until <= now.getTime() / 1000) throw refused('has expired: one is good for a day');
  return position;
}

const sealed = (content: Buffer, key: Buffer): Buffer =>
  createHmac('sha256', key).update(content).digest().subarray(0, sealBytes);

const refused = (why: string): InvalidField =>
  new InvalidField('cursor', `This cursor ${why}. Begin again with an empty cursor.`);
