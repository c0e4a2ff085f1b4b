import { eventOf } from './key-event.ts';
import type { AuditAction, KeyRow, Who } from './key-row.ts';
import type { Randomness } from './ports.ts';
import { newSalt } from './salt.ts';

/** The actor of everything that Latchkey does by itself. */
export const system: Who = {
  changed_by: 'system',
  changed_by_api_key: null,
  principal: 'system',
  settled_by: 'system',
  source_ip: null,
};

/** The row after a repair: its image is left alone, but nothing happens without a record. */
export const repaired = (
  before: KeyRow,
  after: KeyRow,
  action: AuditAction,
  requestId: string,
  now: Date,
  random: Randomness,
): KeyRow => ({
  ...after,
  ...eventOf(
    before,
    after,
    {
      id: random.uuid(),
      action,
      at: now.toISOString(),
      who: system,
      requestId,
      operationId: null,
      notify: null,
    },
    newSalt(random),
  ),
});
