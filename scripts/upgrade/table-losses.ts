import { isDeepStrictEqual } from 'node:util';
import { at, list, type Resource, shown } from './template.ts';

/** What a change of a table loses, other than by a replacement: a sentence each. */
export function* tableLosses(before: Resource, after: Resource): Iterable<string> {
  yield* streamLosses(before, after);
  yield* expiryLosses(before, after);
  yield* protectionLosses(before, after);
  yield* indexLosses(before, after);
  for (const [name, type] of attributesOf(before)) {
    const now = attributesOf(after).get(name);
    if (now === undefined || now === type) continue;
    yield `has ${name} as ${shown(now)} where it was ${shown(type)}: CloudFormation puts a new, empty table in its place. Use another attribute.`;
  }
}

function* streamLosses(before: Resource, after: Resource): Iterable<string> {
  const was = viewOf(before);
  const is = viewOf(after);
  if (was === undefined || isDeepStrictEqual(was, is)) return;
  yield is === undefined
    ? 'loses its stream: what its readers have not read yet is never audited or mailed. Leave the stream on.'
    : `has a stream of ${shown(is)} where it was ${shown(was)}: that is another stream, and what its readers have not read of the old one is lost. Keep the view.`;
}

function* expiryLosses(before: Resource, after: Resource): Iterable<string> {
  const was = expiryOf(before);
  const is = expiryOf(after);
  if (was === is) return;
  if (is === null) {
    yield `does not expire items by ${was} any more: they stay for good, also where their removal was promised. Leave time to live on.`;
  } else if (was === null) {
    yield `expires items by ${is}, which it did not: every item with a past time in it is removed. Leave time to live off.`;
  } else {
    yield `expires items by ${is} where it was ${was}: DynamoDB refuses that in one step, and items that have only the old one are never removed. Keep the attribute.`;
  }
}

function* protectionLosses(before: Resource, after: Resource): Iterable<string> {
  for (const { region, settings } of replicasOf(before)) {
    const other =
      replicasOf(after).find((replica) => isDeepStrictEqual(replica.region, region)) ??
      replicasOf(after).find((replica) => isOwn(replica.region) || isOwn(region));
    if (other === undefined) {
      yield `loses its replica in ${shown(region)}, and whoever reads there. Leave the replica.`;
      continue;
    }
    if (isRecoverable(settings) && !isRecoverable(other.settings)) {
      yield 'has no point-in-time recovery any more: all that it could be restored to is forgotten at once, and does not come back when it is turned on again. Leave it on.';
    }
    if (isProtected(settings) && !isProtected(other.settings)) {
      yield 'has no deletion protection any more: a call or a stack can delete it. Leave it on (keepsData).';
    }
  }
}

function* indexLosses(before: Resource, after: Resource): Iterable<string> {
  const was = indexesOf(before);
  const is = indexesOf(after);
  const gone = [...was.keys()].filter((name) => !is.has(name));
  const made = [...is.keys()].filter((name) => !was.has(name));
  for (const name of gone) {
    yield `loses its index ${name}: functions of the last release query it until the deploy is over, and on a way back. Leave it for one more release after the last reader of it is gone.`;
  }
  for (const [name, index] of was) {
    const other = is.get(name);
    if (other === undefined || isDeepStrictEqual(definition(index), definition(other))) continue;
    yield `has its index ${name} with other keys or attributes: an index cannot be changed, and while another is made under its name queries fail. Add one under a new name, and remove ${name} a release later.`;
  }
  if (gone.length + made.length > 1) {
    yield `has ${gone.length + made.length} indexes made or removed at once (${[...made, ...gone].join(', ')}): CloudFormation refuses more than one of a table in an update. Spread them over as many releases.`;
  }
}

const viewOf = ({ Properties }: Resource) =>
  at(Properties, 'StreamSpecification', 'StreamViewType');

function expiryOf({ Properties }: Resource): string | null {
  const { TimeToLiveSpecification: settings } = Properties;
  return at(settings, 'Enabled') === true ? shown(at(settings, 'AttributeName')) : null;
}

/** A global table has these settings in each replica, a table itself. */
function replicasOf({ Properties }: Resource): { region: unknown; settings: unknown }[] {
  const replicas = list(Properties['Replicas']);
  if (replicas.length === 0) return [{ region: 'its region', settings: Properties }];
  return replicas.map((settings) => ({ region: at(settings, 'Region'), settings }));
}

/** The region of the stack, which cannot change: that it is named now, or not any more, moves nothing. */
const isOwn = (region: unknown) => at(region, 'Ref') === 'AWS::Region';

const isRecoverable = (settings: unknown) =>
  at(settings, 'PointInTimeRecoverySpecification', 'PointInTimeRecoveryEnabled') === true;
const isProtected = (settings: unknown) => at(settings, 'DeletionProtectionEnabled') === true;

const indexesOf = ({ Properties }: Resource): ReadonlyMap<string, unknown> =>
  new Map(
    list(Properties['GlobalSecondaryIndexes']).map((index) => [
      shown(at(index, 'IndexName')),
      index,
    ]),
  );

/** What of an index cannot be changed. */
const definition = (index: unknown) => [at(index, 'KeySchema'), at(index, 'Projection')];

const attributesOf = ({ Properties }: Resource): ReadonlyMap<string, unknown> =>
  new Map(
    list(Properties['AttributeDefinitions']).map((attribute) => [
      shown(at(attribute, 'AttributeName')),
      at(attribute, 'AttributeType'),
    ]),
  );
