import { isDeepStrictEqual } from 'node:util';
import { at, list, type Resource } from './template.ts';

/** What a change of an event source mapping loses, other than by a replacement: a sentence each. */
export function* mappingLosses(before: Resource, after: Resource): Iterable<string> {
  const was = before.Properties;
  const is = after.Properties;
  if (is['Enabled'] === false && was['Enabled'] !== false) {
    yield 'is disabled: what it does not read within 24 hours is lost. Leave it enabled.';
  }
  if (!isDeepStrictEqual(was['FilterCriteria'], is['FilterCriteria'])) {
    yield 'has another filter: changes that it leaves out are never read again, and others reach a function that does not know them. Keep the filter, and let the function pass over what it does not want.';
  }
  if (reportsItems(was) && !reportsItems(is)) {
    yield 'does not take reports of single failures any more: what a function gave back counts as done, and is lost. Leave ReportBatchItemFailures on.';
  }
  const [kept, keeps] = [destinationOf(was), destinationOf(is)];
  if (kept !== undefined && !isDeepStrictEqual(kept, keeps)) {
    yield keeps === undefined
      ? 'has no destination for what it gives up: those records are lost. Leave the failure bucket in place.'
      : 'sends what it gives up to another place: npm run replay looks in the failure bucket alone. Keep the destination.';
  }
  if (was['BisectBatchOnFunctionError'] === true && is['BisectBatchOnFunctionError'] !== true) {
    yield 'does not halve a batch that fails any more: one bad record takes those around it along. Leave it on.';
  }
  for (const [name, what] of patience) {
    // Without a bound, and with -1, it tries until the stream forgets.
    const [long, short] = [bound(was[name]), bound(is[name])];
    if (short < long) {
      yield `gives records up sooner (${what}: ${short}, it was ${long === Number.POSITIVE_INFINITY ? 'without a bound' : long}): a long trouble of a table or of SES then loses them to the failure bucket. Keep it as long.`;
    }
  }
}

const patience = [
  ['MaximumRecordAgeInSeconds', 'seconds'],
  ['MaximumRetryAttempts', 'tries'],
] as const;

const bound = (value: unknown) =>
  typeof value === 'number' && value >= 0 ? value : Number.POSITIVE_INFINITY;

const reportsItems = (properties: Resource['Properties']) =>
  list(properties['FunctionResponseTypes']).includes('ReportBatchItemFailures');

const destinationOf = (properties: Resource['Properties']) =>
  at(properties, 'DestinationConfig', 'OnFailure', 'Destination');
