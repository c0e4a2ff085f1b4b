import { audited } from './key-event.ts';
import type { AuditAction, KeyRow, Notify, Who } from './key-row.ts';
import type { Randomness } from './ports.ts';

/** The actor of everything that Latchkey does by itself. */
export const system: Who = {
  changed_by: 'system',
  changed_by_api_key: null,
  principal: 'system',
  settled_by: 'system',
  source_ip: null,
};

/** The row after something that Latchkey did by itself: nothing happens without a record. */
export const bySystem = (
  before: KeyRow,
  after: KeyRow,
  action: AuditAction,
  requestId: string,
  now: Date,
  random: Randomness,
  notify: Notify | null = null,
): KeyRow =>
  audited(
    before,
    after,
    {
      id: random.uuid(),
      action,
      at: now.toISOString(),
      who: system,
      requestId,
      operationId: null,
      notify,
    },
    random,
  );
