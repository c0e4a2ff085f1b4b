import { type Audited, recordEvent } from './key-event.ts';
import type { AuditAction, KeyRow, Who } from './key-row.ts';
import type { Randomness } from './ports.ts';

/** The actor of everything that Latchkey does by itself. */
export const system: Who = {
  changed_by: 'system',
  changed_by_api_key: null,
  principal: 'system',
  settled_by: 'system',
  source_ip: null,
};

/** The event of a repair: it leaves the key's image alone, but nothing happens without a record. */
export function repairEvent(
  row: KeyRow,
  action: AuditAction,
  requestId: string,
  now: Date,
  random: Randomness,
): Audited {
  const image = { salt: row.salt, image: row.key };
  return recordEvent(
    { keyId: row.keyId, seq: row.seq + 1, previousChain: row.chain },
    {
      id: random.uuid(),
      action,
      at: now.toISOString(),
      who: system,
      requestId,
      operationId: null,
      notify: null,
    },
    image,
    image,
    Buffer.from(random.bytes(16)).toString('hex'),
  );
}
