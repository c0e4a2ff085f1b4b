import { isDeepStrictEqual } from 'node:util';
import type { Finding, Switches } from './finding.ts';
import { type Kind, kinds } from './kinds.ts';
import { reachFindings } from './secret-reach.ts';
import { isAuditReader, readerFindings } from './stream-readers.ts';
import { type Resource, type Resources, withoutTags } from './template.ts';

/** What an update of a stack from one template to the other would lose: nothing that is released may be. */
export function compare(released: Resources, next: Resources, switches: Switches): Finding[] {
  return [
    ...Object.entries(released).flatMap(([id, before]) => {
      const kind = kinds[before.Type];
      if (kind === undefined) return [];
      const sentences = [...changesOf({ id, before, kind, released, next, switches })];
      return sentences.map((sentence) => ({ id, says: `The ${kind.noun} ${sentence}` }));
    }),
    ...readerFindings(next, switches),
    ...reachFindings(released, next),
  ];
}

interface Compared {
  readonly id: string;
  readonly before: Resource;
  readonly kind: Kind;
  readonly released: Resources;
  readonly next: Resources;
  readonly switches: Switches;
}

function* changesOf({ id, before, kind, released, next, switches }: Compared): Iterable<string> {
  const after = next[id];
  if (after === undefined) {
    // Its own switch turns it off, and on again; nothing is lost that anybody asked to keep.
    if (isAuditReader(before) && !switches.storeAuditLogs) return;
    yield gone(before, kind, otherIdOf(before, released, next));
    return;
  }
  if (after.Type !== before.Type) {
    yield `becomes another type, ${after.Type}: CloudFormation refuses that, or deletes ${kind.holds}. Keep ${before.Type}.`;
    return;
  }
  for (const name of kind.replacing) {
    if (isDeepStrictEqual(before.Properties[name], after.Properties[name])) continue;
    yield `has another ${name}: CloudFormation puts a new one in its place, without ${kind.holds}. Leave it as it is; what needs another belongs into a new ${kind.noun} beside it.`;
  }
  for (const name of kind.refused) {
    if (isDeepStrictEqual(before.Properties[name], after.Properties[name])) continue;
    yield `has another ${name}: CloudFormation refuses the update. Leave it as it is.`;
  }
  for (const name of ['DeletionPolicy', 'UpdateReplacePolicy'] as const) {
    if (!isKept(before[name]) || isKept(after[name])) continue;
    yield `has ${name} ${after[name] ?? 'Delete'} where it was ${before[name]}: the next mistake deletes ${kind.holds}. Leave it at Retain (keepsData).`;
  }
  yield* kind.losses(before, after);
}

function gone(before: Resource, kind: Kind, otherId: string | undefined): string {
  const fate = isKept(before.DeletionPolicy)
    ? 'leaves the old one behind unused'
    : 'deletes the old one';
  return otherId === undefined
    ? `is not in the template any more: CloudFormation ${fate}, with ${kind.holds}. Put the construct back.`
    : `has another logical id, ${otherId}: CloudFormation makes a new one, without ${kind.holds}, and ${fate}. Leave the construct its id and place, or pin the old id with overrideLogicalId.`;
}

/** The id under which a resource is now, where its construct was renamed or moved. */
function otherIdOf(before: Resource, released: Resources, next: Resources): string | undefined {
  const candidates = Object.entries(next).filter(
    ([id, { Type }]) => Type === before.Type && released[id] === undefined,
  );
  const [same] = candidates.filter(([, { Properties }]) =>
    isDeepStrictEqual(withoutTags(Properties), withoutTags(before.Properties)),
  );
  return (same ?? candidates[0])?.[0];
}

const isKept = (policy: string | undefined) =>
  policy === 'Retain' || policy === 'RetainExceptOnCreate';
