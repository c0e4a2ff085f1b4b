import { InvalidField } from './errors.ts';
import { containsKey } from './key-format.ts';
import type { Who } from './key-row.ts';
import { type Caller, isAdmin, isMaster } from './roles.ts';

/** Stands for the admin key wherever a caller's token hash would: its hash is never shown. */
const masterAlias = 'litellm_proxy_master_key';
/** The name of an admin key that belongs to no user. */
export const adminName = 'default_user_id';
/** Stands for the name of a person who was erased; of a record's `changed_by` where its `who` is. */
export const erasedName = 'redacted';

/** The name that a key keeps of whoever created, changed or deleted it. */
export const nameOf = (caller: Pick<Caller, 'userId'>): string => caller.userId ?? adminName;

/** A key's token hash where it is shown; for the admin key, its alias. */
export const callerName = (keyId: string, hash: string): string =>
  isMaster(keyId) ? masterAlias : hash;

/**
 * Who is to be recorded for a change: the `litellm-changed-by` header where the caller may set it
 * (a proxy admin, or a key whose metadata allows it), else the caller's user id, else the admin's
 * name. The authenticated key is recorded beside it in any case.
 */
export function whoOf(caller: Caller, header: string | null, sourceIp: string | null): Who {
  const mayName =
    isAdmin(caller) || caller.row.key.metadata['allow_litellm_changed_by_header'] === true;
  const named = mayName && header !== null && header !== '' ? header : null;
  if (named !== null && !isName(named)) {
    throw new InvalidField(
      'litellm-changed-by',
      'litellm-changed-by must be a name of at most 256 characters, and no key.',
    );
  }
  return {
    changed_by: named ?? nameOf(caller),
    changed_by_api_key: callerName(caller.keyId, caller.tokenHash),
    principal: caller.keyId,
    settled_by: null,
    source_ip: sourceIp,
  };
}

/** Whether a text may be recorded as the name of who is behind a change. */
export const isName = (text: string): boolean =>
  text.length <= 256 && /^[\x20-\x7e\u00a0-\uffff]*$/.test(text) && !containsKey(text);
