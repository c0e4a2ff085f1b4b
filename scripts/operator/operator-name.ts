import { userInfo } from 'node:os';
import { isName } from '../../lambdas/shared/domain/changed-by.ts';
import { Unusable } from './unusable.ts';

/** Who the audit says gave a command: `--as`, else the login name. Throws `Unusable` for what is no name. */
export function operatorName(as: string = userInfo().username): string {
  if (as.trim() !== '' && isName(as)) return as;
  throw new Unusable('--as takes a name of at most 256 characters, and no key');
}
