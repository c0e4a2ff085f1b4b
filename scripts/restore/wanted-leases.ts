/** Which key has which alias once all rows are replayed. */
import { isDeepStrictEqual } from 'node:util';
import type { AliasLease, KeyRow } from '../../lambdas/shared/domain/key-row.ts';
import { secretNameOf } from '../../lambdas/shared/domain/secret-name.ts';
import type { Settings } from '../../lambdas/shared/domain/settings.ts';

/** What of a replayed row its aliases hang on. */
export interface AliasHolder {
  readonly keyId: string;
  readonly stores: KeyRow['stores'];
  readonly alias: string | null;
  readonly secretName: string | null;
  /** Those that it holds, each with the name of the secret under it. */
  readonly held: readonly { readonly alias: string; readonly secretName: string | null }[];
}

/** A live key holds its alias, and an open step what it was opened with. */
export function holderOf(row: KeyRow): AliasHolder {
  const { keyId, status, alias, secretName, intent, stores } = row;
  const own = status === 'active' || intent !== null ? [{ alias, secretName }] : [];
  const other =
    intent === null || intent.newAlias === alias
      ? []
      : [{ alias: intent.newAlias, secretName: intent.names.at(-1) ?? intent.newName }];
  return {
    keyId,
    stores,
    alias,
    secretName,
    held: [...own, ...other].flatMap(({ alias: name, secretName: secret }) =>
      name === null ? [] : [{ alias: name, secretName: secret }],
    ),
  };
}

/** That an alias was left, as the trail tells. */
export interface LeftAlias {
  readonly keyId: string;
  readonly at: string;
  /** Whether the secret under it was scheduled for deletion before, where there was one. */
  readonly isRemoved: boolean;
}

export interface AliasFacts {
  readonly holders: ReadonlyMap<string, AliasHolder>;
  readonly restored: ReadonlyMap<string, AliasLease>;
  /** By alias, in the order of time. */
  readonly left: ReadonlyMap<string, readonly LeftAlias[]>;
  /** Keys that are left out: what they hold stays held. */
  readonly isLeftOut: (keyId: string) => boolean;
  readonly settings: Pick<Settings, 'secretPrefix'>;
}

/** Leases that are other than the restored ones, over which they are to be written. */
export function wantedLeases(facts: AliasFacts): AliasLease[] {
  const { holders, restored, left, isLeftOut } = facts;
  const held = new Map(
    [...holders.values()].flatMap((holder) =>
      holder.held.map(({ alias, secretName }) => [alias, { holder, secretName }] as const),
    ),
  );
  const aliases = new Set([...restored.keys(), ...held.keys(), ...left.keys()]);
  return [...aliases].flatMap((alias) => {
    const known = restored.get(alias) ?? null;
    if (known?.state === 'held' && isLeftOut(known.keyId) && !held.has(alias)) return [];
    const lease = leaseOf(alias, known, held.get(alias), facts);
    return lease === null || isDeepStrictEqual(lease, known)
      ? []
      : [{ ...lease, rev: (known?.rev ?? 0) + 1 }];
  });
}

function leaseOf(
  alias: string,
  known: AliasLease | null,
  held: { readonly holder: AliasHolder; readonly secretName: string | null } | undefined,
  { holders, left, settings }: AliasFacts,
): AliasLease | null {
  const was = left.get(alias)?.at(-1);
  const leaver = was === undefined ? undefined : holders.get(was.keyId);
  const removal = left
    .get(alias)
    ?.findLast(
      ({ keyId, isRemoved }) => isRemoved && (holders.get(keyId)?.secretName ?? null) !== null,
    );
  const remover = removal === undefined ? undefined : holders.get(removal.keyId);
  // A lease that tells a later time was restored with it.
  const isLater = removal !== undefined && removal.at > (known?.deletedAt ?? '');
  const deletedAt = isLater ? removal.at : (known?.deletedAt ?? null);
  const lastName =
    isLater && remover !== undefined
      ? secretLeft(alias, remover, known, settings.secretPrefix)
      : (known?.secretName ?? null);
  const base = { secretArn: null, deletedAt: null, rev: 0, ...known, alias };
  if (held !== undefined) {
    const { keyId } = held.holder;
    // As `takeLease` has it: `deletedAt` is about the name that stands there.
    const secretName = held.secretName ?? lastName;
    const isSame = (lastName ?? secretName) === secretName;
    return { ...base, state: 'held', keyId, secretName, deletedAt: isSame ? deletedAt : null };
  }
  const keyId = was?.keyId ?? known?.keyId;
  if (keyId === undefined) return null;
  if (known?.state === 'free' && was === undefined) return known;
  return {
    ...base,
    state: 'free',
    keyId,
    secretName:
      leaver === undefined
        ? (known?.secretName ?? null)
        : (secretLeft(alias, leaver, known, settings.secretPrefix) ?? lastName),
    deletedAt,
    ...(leaver?.stores === undefined ? {} : { stores: leaver.stores }),
  };
}

/** Under which name the key that left an alias had its secret, which may be of another prefix than today's. */
function secretLeft(
  alias: string,
  leaver: AliasHolder,
  known: AliasLease | null,
  prefix: string,
): string | null {
  if (leaver.secretName === null) return null;
  if (leaver.alias === alias) return leaver.secretName;
  const isItsOwn = known?.keyId === leaver.keyId && known.secretName !== null;
  return isItsOwn ? known.secretName : secretNameOf(prefix, alias, '');
}
