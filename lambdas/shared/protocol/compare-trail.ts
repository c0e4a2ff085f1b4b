import {
  type AuditGap,
  endOfTrail,
  followTrail,
  headOf,
  type TrailFacts,
  type TrailPoint,
} from '../domain/audit-gap.ts';
import type { Deadline } from '../domain/deadline.ts';
import type { TrailLinks } from '../domain/ports.ts';
import { hasTime } from './pass.ts';

const linksPage = 200;
/** Links per key and round; the whole of a longer trail is for the verifier of an export. */
const mostLinks = 2000;

/**
 * The newest gap in a key's audit trail, or null. Looks at its newest 2,000 records, or those there is
 * time for, and writes nothing: `unfinished` where there was none among those and more are left. Throws
 * where the trail cannot be read.
 */
export async function compareTrail(
  trail: TrailLinks,
  facts: TrailFacts,
  deadline: Deadline,
): Promise<AuditGap | 'unfinished' | null> {
  let point: TrailPoint = headOf(facts);
  let cursor: string | null = null;
  for (let seen = 0; seen < mostLinks && hasTime(deadline); ) {
    const { keyId } = facts.row;
    const page = await trail.newestFirst(keyId, cursor, linksPage, deadline.tableLimitMs());
    const found = followTrail(point, page.links, facts);
    if ('kind' in found) return found;
    if (page.next === null) return endOfTrail(found, facts);
    point = found;
    cursor = page.next;
    seen += page.links.length;
  }
  return 'unfinished';
}
