/** The versions of one secret and the staging labels on them, as plain values. */
import { AwsRefusal } from './aws-refusal.ts';

export interface SecretVersion {
  /** Null as long as a rotation has only named the version. */
  readonly value: string | null;
  readonly stages: ReadonlySet<string>;
  readonly createdAt: number;
}

/** By version id, in the order they were stored. */
export type SecretVersions = ReadonlyMap<string, SecretVersion>;

const current = 'AWSCURRENT';
const previous = 'AWSPREVIOUS';
const pending = 'AWSPENDING';
const maxVersions = 100;
const dayMs = 86_400_000;

/**
 * The versions with one more. The first is current whatever was asked. Throws
 * `LimitExceededException` where a hundred are younger than a day or labelled: those are never
 * dropped to make room.
 */
export function withVersion(
  versions: SecretVersions,
  id: string,
  value: string | null,
  asked: readonly string[],
  at: number,
): SecretVersions {
  const room = new Map(versions);
  for (const [oldId, old] of versions) {
    if (room.size < maxVersions) break;
    if (old.stages.size === 0 && at - old.createdAt > dayMs) room.delete(oldId);
  }
  if (room.size >= maxVersions) {
    throw new AwsRefusal(
      'LimitExceededException',
      `The maximum number of versions for this secret has been reached (${maxVersions}).`,
    );
  }
  room.set(id, { value, stages: new Set(), createdAt: at });
  const stages = versions.size === 0 ? new Set([...asked, current]) : asked;
  return withStages(room, stages, id);
}

/** The versions where one that a rotation has named gets its value. */
export function withValueOf(
  versions: SecretVersions,
  id: string,
  value: string,
  stages: readonly string[],
): SecretVersions {
  const filled = new Map(versions);
  const named = versions.get(id);
  if (named !== undefined) filled.set(id, { ...named, value });
  return withStages(filled, stages, id);
}

function withStages(versions: SecretVersions, stages: Iterable<string>, id: string) {
  let labelled = versions;
  for (const stage of stages) labelled = withStage(labelled, stage, id);
  return labelled;
}

/**
 * The versions with a label on one of them alone. AWSCURRENT leaves AWSPREVIOUS where it was, and takes
 * AWSPENDING off where it comes to.
 */
export function withStage(versions: SecretVersions, stage: string, to: string): SecretVersions {
  const from = holderOf(versions, stage);
  if (from === to) return versions;
  const moved = relabelled(versions, stage, to);
  if (stage !== current) return moved;
  const done = holderOf(moved, pending) === to ? relabelled(moved, pending, null) : moved;
  return from === null ? done : relabelled(done, previous, from);
}

export const withoutStage = (versions: SecretVersions, stage: string): SecretVersions =>
  relabelled(versions, stage, null);

/** The id of the version that has a label, or null. */
export function holderOf(versions: SecretVersions, stage: string): string | null {
  for (const [id, version] of versions) if (version.stages.has(stage)) return id;
  return null;
}

function relabelled(versions: SecretVersions, stage: string, to: string | null): SecretVersions {
  return new Map(
    [...versions].map(([id, version]) => {
      const others = [...version.stages].filter((each) => each !== stage);
      return [id, { ...version, stages: new Set(id === to ? [...others, stage] : others) }];
    }),
  );
}
