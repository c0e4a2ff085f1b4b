/**
 * The digest of one audited change and the chain over all changes of a key. An auditor who has a
 * key's records and the chain on its row can prove that none was edited, dropped, added or moved.
 *
 * Each image and each `who` is hashed with a salt of its own, and only that hash enters the
 * digest: a person's data can be erased (image and salt dropped) and the chain still verifies.
 */
import { createHash } from 'node:crypto';
import { canonicalJson } from './canonical-json.ts';

/** A value with the salt (32 hex characters) that its hash is taken with. */
export interface Salted {
  readonly salt: string;
  readonly value: unknown;
}

/** What enters the digest as it is. */
export interface ChangeFacts {
  readonly keyId: string;
  /** Counts the key's audited changes from 1, without gaps. */
  readonly seq: number;
  readonly action: string;
  /** ISO 8601, as stored. */
  readonly at: string;
  readonly objectId: string;
  readonly eventId: string;
  readonly requestId: string;
  readonly operationId: string | null;
  readonly endedOverlap: boolean;
}

/** What enters the digest as a salted hash, so that it can be erased. */
export const saltedParts = ['who', 'before', 'after'] as const;
export type SaltedPart = (typeof saltedParts)[number];

export type AuditedChange = ChangeFacts & Readonly<Record<SaltedPart, Salted>>;

/** Lower-case hex SHA-256 over the change's canonical form. */
export const digestOf = (change: AuditedChange): string =>
  digestOver(change, {
    who: saltedHash(change.who),
    before: saltedHash(change.before),
    after: saltedHash(change.after),
  });

/** The same for a change of which some parts are known by their hashes alone. */
export const digestOver = (
  change: ChangeFacts,
  { who, before, after }: Readonly<Record<SaltedPart, string>>,
): string =>
  sha256(
    canonicalJson({
      key_id: change.keyId,
      seq: change.seq,
      action: change.action,
      at: change.at,
      object_id: change.objectId,
      event_id: change.eventId,
      request_id: change.requestId,
      operation_id: change.operationId,
      ended_overlap: change.endedOverlap,
      who,
      before,
      after,
    }),
  );

/** Lower-case hex SHA-256 of the salt followed by the canonical form of the value. */
export const saltedHash = ({ salt, value }: Salted): string => sha256(salt + canonicalJson(value));

/** The chain value before a key's first change. */
export const chainStart = (keyId: string): string => sha256(keyId);

/** The chain value after a change. */
export const chainAfter = (previousChain: string, digest: string): string =>
  sha256(previousChain + digest);

const sha256 = (text: string): string => createHash('sha256').update(text).digest('hex');
