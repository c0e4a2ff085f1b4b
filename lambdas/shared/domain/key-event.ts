import { chainAfter, chainStart, digestOf, type Salted } from './audit-chain.ts';
import { callerName } from './changed-by.ts';
import type { AuditAction, KeyImage, KeyRow, Notify, Who } from './key-row.ts';
import type { Randomness } from './ports.ts';
import { newSalt } from './salt.ts';

/** What happened, by whom and when: everything of an event that is not computed. */
export interface Happening {
  readonly id: string;
  readonly action: AuditAction;
  readonly at: string;
  readonly who: Who;
  readonly requestId: string;
  readonly operationId: string | null;
  readonly notify: Notify | null;
  /** Whether a rotation ended the overlap of an earlier one. */
  readonly endedOverlap?: boolean;
}

/** What the audit shows of a row. */
type Shown = Pick<KeyRow, 'keyId' | 'status' | 'cur' | 'salt' | 'key'>;

interface SaltedImage extends Salted {
  readonly value: Record<string, unknown> | null;
}

/**
 * The attributes that an audited change sets on the row `after` it: the next number, the event with
 * its digest, and the chain that it ends. A change that leaves the image alone keeps its salt.
 */
export function eventOf(
  before: KeyRow | null,
  after: Shown,
  { id, action, at, who, requestId, operationId, notify, endedOverlap }: Happening,
  whoSalt: string,
): Pick<KeyRow, 'seq' | 'event' | 'chain'> {
  const seq = (before?.seq ?? 0) + 1;
  const previousChain = before?.chain ?? chainStart(after.keyId);
  const images = { before: shownImage(before), after: shownImage(after) };
  const digest = digestOf({
    keyId: after.keyId,
    seq,
    action,
    at,
    objectId: objectIdOf(action, before, after),
    eventId: id,
    requestId,
    operationId,
    endedOverlap: endedOverlap === true,
    who: { salt: whoSalt, value: who },
    ...images,
  });
  return {
    seq,
    chain: chainAfter(previousChain, digest),
    event: {
      id,
      action,
      at,
      who,
      request_id: requestId,
      operation_id: operationId,
      notify,
      ...(endedOverlap === true ? { ended_overlap: true } : {}),
      digest,
      previous_chain: previousChain,
      salts: { who: whoSalt, before: images.before.salt, after: images.after.salt },
    },
  };
}

/** The row after an audited change of it. An image of its own gets a salt of its own. */
export function audited(
  before: KeyRow,
  after: KeyRow,
  happening: Happening,
  random: Randomness,
): KeyRow {
  const salted = after.key === before.key ? after : { ...after, salt: newSalt(random) };
  return { ...salted, ...eventOf(before, salted, happening, newSalt(random)) };
}

/** The row with another image, and what is copied from it to where every call reads it. */
export const withImage = (row: KeyRow, image: KeyImage): KeyRow => ({
  ...row,
  blocked: image.blocked === true,
  expires: image.expires ?? null,
  key: image,
});

/**
 * The image of a row in the audit: null before there is one, `{}` once the key is deleted. Neither
 * has anything to hide, so neither has a salt.
 */
export function shownImage(row: Shown | null): SaltedImage {
  if (row === null) return { salt: '', value: null };
  return row.status === 'deleted' ? { salt: '', value: {} } : { salt: row.salt, value: row.key };
}

/**
 * What an audit record is found by: the token hash, of a rotation the old one, as in LiteLLM. Whoever
 * asks for that one finds what became of it.
 */
export const objectIdOf = (action: string, before: Shown | null, after: Shown): string =>
  callerName(
    after.keyId,
    action === 'rotated' && before !== null ? before.cur.hash : after.cur.hash,
  );
