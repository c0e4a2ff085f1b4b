import type { Answer } from './ask-aws.ts';
import type { about, Finding } from './finding.ts';

/** What `seen` finds in an answer, or that there was none: to be not allowed to look is no problem yet. */
export function unless(
  found: ReturnType<typeof about>,
  { error }: Answer,
  action: string,
  seen: () => Finding,
): Finding {
  if (error === null) return seen();
  return /AccessDenied|NotAuthorized|UnauthorizedOperation|Forbidden/i.test(error)
    ? found.warning(`could not be looked at: have ${action} allowed, or look by hand`)
    : found.warning(`could not be looked at: ${action} answered ${error}. Try again`);
}
