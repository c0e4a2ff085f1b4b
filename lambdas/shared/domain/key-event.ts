import { chainAfter, digestOf, noImage, type Salted } from './audit-chain.ts';
import type { AuditAction, KeyEvent, KeyImage, KeyRow, Notify, Who } from './key-row.ts';

/** What happened, by whom and when: everything of an event that is not computed. */
export interface Happening {
  readonly id: string;
  readonly action: AuditAction;
  readonly at: string;
  readonly who: Who;
  readonly requestId: string;
  readonly operationId: string | null;
  readonly notify: Notify | null;
}

/** An image together with the salt that it is hashed with, or `null` where there is none. */
export interface SaltedImage {
  readonly salt: string;
  readonly image: KeyImage;
}

/** The attributes of a row that its next audited change sets. */
export type Audited = Pick<KeyRow, 'seq' | 'event' | 'chain' | 'salt'>;

/**
 * The event of a key's change number `seq`, with its digest and the chain that it ends. `after` is
 * the new image; a change that leaves the image alone passes the old one with its salt.
 */
export function recordEvent(
  key: { readonly keyId: string; readonly seq: number; readonly previousChain: string },
  happening: Happening,
  before: SaltedImage | null,
  after: SaltedImage,
  whoSalt: string,
): Audited {
  const { id, action, at, who, requestId, operationId, notify } = happening;
  const digest = digestOf({
    keyId: key.keyId,
    seq: key.seq,
    action,
    at,
    who: { salt: whoSalt, value: who },
    before: salted(before),
    after: isEnd(action) ? { salt: '', value: {} } : salted(after),
  });
  const event: KeyEvent = {
    id,
    action,
    at,
    who,
    request_id: requestId,
    operation_id: operationId,
    notify,
    digest,
    previous_chain: key.previousChain,
    salts: { who: whoSalt, before: before?.salt ?? '', after: isEnd(action) ? '' : after.salt },
  };
  return { seq: key.seq, event, chain: chainAfter(key.previousChain, digest), salt: after.salt };
}

/** Actions that end a key: nothing is left to show, so their `after` image is `{}`. */
export const isEnd = (action: AuditAction): boolean => action === 'generate_undone';

const salted = (image: SaltedImage | null): Salted =>
  image === null ? noImage : { salt: image.salt, value: image.image };
