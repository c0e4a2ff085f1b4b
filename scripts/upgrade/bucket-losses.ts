import { at, list, type Resource } from './template.ts';

/** What a change of a bucket loses, other than by a replacement: a sentence each. */
export function* bucketLosses(before: Resource, after: Resource): Iterable<string> {
  const [long, short] = [daysOf(before), daysOf(after)];
  if (short < long) {
    yield `keeps objects for ${short} days where it was ${long === Number.POSITIVE_INFINITY ? 'for good' : long}: older ones are removed at once. Replay what is there first, or keep the days (retention.failuresDays).`;
  }
  if (isVersioned(before) && !isVersioned(after)) {
    yield 'keeps no versions any more: what is overwritten is lost. Leave versioning on.';
  }
}

function daysOf({ Properties }: Resource): number {
  const days = list(at(Properties, 'LifecycleConfiguration', 'Rules')).flatMap((rule) => {
    const expiry = at(rule, 'ExpirationInDays');
    return at(rule, 'Status') === 'Enabled' && typeof expiry === 'number' ? [expiry] : [];
  });
  return Math.min(Number.POSITIVE_INFINITY, ...days);
}

const isVersioned = ({ Properties }: Resource) =>
  at(Properties, 'VersioningConfiguration', 'Status') === 'Enabled';
