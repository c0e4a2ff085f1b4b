import { callerName } from './changed-by.ts';
import { shownImage } from './key-event.ts';
import type { KeyRow } from './key-row.ts';
import type { AuditRecord } from './ports.ts';

/**
 * The audit record of a change of the row, or null for a write that is no audited change. Digest
 * and chain were computed by whoever made the change; they are copied, so that replays and the
 * order of arrival do not matter.
 */
export function auditRecordOf(before: KeyRow | null, after: KeyRow): AuditRecord | null {
  if (before?.seq === after.seq) return null;
  const { event } = after;
  return {
    id: `${after.keyId}_${after.seq}`,
    key_id: after.keyId,
    seq: after.seq,
    action: event.action,
    at: event.at,
    table_name: 'LiteLLM_VerificationToken',
    // Of a rotation the old hash, as in LiteLLM: whoever asks for it finds what became of it.
    object_id: callerName(
      after.keyId,
      event.action === 'rotated' && before !== null ? before.cur.hash : after.cur.hash,
    ),
    changed_by: event.who.changed_by,
    who: event.who,
    before: shownImage(before).value,
    after: shownImage(after).value,
    salts: event.salts,
    digest: event.digest,
    chain: after.chain,
    previous_chain: event.previous_chain,
    event_id: event.id,
    request_id: event.request_id,
    operation_id: event.operation_id,
    ...(event.ended_overlap === true ? { ended_overlap: true } : {}),
  };
}
