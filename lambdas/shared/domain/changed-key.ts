import { nameOf } from './changed-by.ts';
import { audited, withImage } from './key-event.ts';
import { patched } from './key-patch.ts';
import type { AuditAction, KeyPatch, KeyRow, Who } from './key-row.ts';
import { changeNotice } from './owner-notice.ts';
import type { Randomness } from './ports.ts';
import type { Caller } from './roles.ts';
import { checkRowSize } from './row-size.ts';
import { retaggedSoon } from './secret-tags.ts';
import type { Settings } from './settings.ts';

export interface ChangeBy {
  /** Whose name the key keeps. */
  readonly caller: Pick<Caller, 'userId'>;
  readonly who: Who;
  readonly requestId: string;
  /** Shared by the changes of one call; absent where it is the only one. */
  readonly operationId?: string;
  readonly now: Date;
  readonly settings: Pick<Settings, 'mail'>;
  readonly random: Randomness;
}

/**
 * The row after a change of its settings. A step that is open is carried along, and the size is
 * checked with what that step will add. Throws `InvalidField` where the row would be too large.
 */
export function changedKey(
  row: KeyRow,
  patch: KeyPatch,
  action: AuditAction,
  { caller, who, requestId, operationId, now, settings, random }: ChangeBy,
): KeyRow {
  const at = now.toISOString();
  const image = {
    ...patched(row.key, patch),
    updated_at: at,
    updated_by: nameOf(caller),
    // What was spent is no setting.
    ...(action === 'spend_reset' ? {} : { settings_updated_at: at }),
  };
  const next = retaggedSoon(row, { ...withImage(row, image), rev: row.rev + 1 }, at);
  checkRowSize(next);
  const happening = {
    id: random.uuid(),
    action,
    at,
    who,
    requestId,
    operationId: operationId ?? null,
    notify: changeNotice(row, next.key, settings.mail, now),
  };
  return audited(row, next, happening, random);
}
