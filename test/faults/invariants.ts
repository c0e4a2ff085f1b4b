/**
 * What must hold once everything has come to rest, as plain checks over the fakes: each returns the
 * sentences that are broken. The numbers are those of docs/promises.md.
 */

import { chainAfter, chainStart } from '../../lambdas/shared/domain/audit-chain.ts';
import { recordDigest } from '../../lambdas/shared/domain/audit-redaction.ts';
import { authenticate, credentialOf } from '../../lambdas/shared/domain/credential.ts';
import { DomainError } from '../../lambdas/shared/domain/errors.ts';
import { masterKeyId, tokenHash } from '../../lambdas/shared/domain/key-format.ts';
import { countsAsValue, isExpired, type KeyRow } from '../../lambdas/shared/domain/key-row.ts';
import type { inProcessService } from '../fakes/service.ts';

export type World = ReturnType<typeof inProcessService>;

/** Of stores that have come to rest: no open step, mirror and table agree, the audit has no gap. */
export function brokenAtRest(world: World, logged: readonly string[]): string[] {
  const all = world.table.rows();
  const keys = all.filter(({ keyId }) => keyId !== masterKeyId);
  return [
    ...openIntents(keys),
    ...tableWithoutMirror(keys, world),
    ...mirrorWithoutTable(all, world),
    ...strangers(world),
    ...leases(keys, world),
    ...auditGaps(all, world),
    ...plaintext(world, logged),
  ];
}

/**
 * What must hold at every moment, between any two calls: a live key's value is under some name, and no
 * name of a live key shows a value that would be refused (I5; a name that is being re-used may).
 */
export function brokenNow(world: World): string[] {
  const now = world.now();
  return world.table.rows().flatMap((row) => {
    const { keyId, status, blocked, secretName, intent } = row;
    const isSettled = intent?.kind !== 'generate' && intent?.kind !== 'restore';
    if (
      status !== 'active' ||
      blocked ||
      isExpired(row, now) ||
      secretName === null ||
      keyId === masterKeyId
    ) {
      return [];
    }
    const shown = world.secrets.current(secretName);
    const isShown = shown !== null && countsAsValue(row, tokenHash(shown), now);
    const moved = intent === null ? null : world.secrets.current(intent.newName);
    const isMoved = moved !== null && countsAsValue(row, tokenHash(moved), now);
    return [
      ...(isSettled && !isShown && !isMoved ? [`no name holds a value of ${keyId}`] : []),
      ...(isSettled && shown !== null && !isShown
        ? [`I5: AWSCURRENT of ${secretName} is refused though ${keyId} is live`]
        : []),
    ];
  });
}

/** Whether a key would be let in now. */
export function isLetIn({ table, now }: Pick<World, 'table' | 'now'>, value: string): boolean {
  try {
    const { ref, hash } = credentialOf(value);
    const keyId = 'keyId' in ref ? ref.keyId : table.pointer(ref.hash);
    const row = keyId === null ? null : table.row(keyId);
    return authenticate({ ref, hash }, row, now()).keyId === keyId;
  } catch (error) {
    if (error instanceof DomainError) return false;
    throw error;
  }
}

function openIntents(rows: readonly KeyRow[]): string[] {
  return rows
    .filter(({ intent }) => intent !== null)
    .map(({ keyId, intent }) => `I11: ${keyId} still has an open ${intent?.kind}`);
}

/** I4, I5, I11: a live row that names a secret has that secret, with its value under AWSCURRENT. */
function tableWithoutMirror(rows: readonly KeyRow[], world: World): string[] {
  return rows.flatMap(({ keyId, status, secretName, cur }) => {
    if (status !== 'active' || secretName === null) return [];
    const value = world.secrets.current(secretName);
    if (value === null) return [`I11: live key ${keyId} has no secret ${secretName}`];
    return tokenHash(value) === cur.hash
      ? []
      : [`I5: AWSCURRENT of ${secretName} is not the value of ${keyId}`];
  });
}

/** I5, I11: a live secret under our prefix, and made by us, is some live row's. */
function mirrorWithoutTable(rows: readonly KeyRow[], world: World): string[] {
  const named = new Set(
    rows.flatMap(({ status, secretName }) => (status === 'active' ? [secretName] : [])),
  );
  return [...world.secrets.secrets].flatMap(([name, secret]) =>
    secret.deletedAt !== null || secret.tags['latchkey:env'] === undefined || named.has(name)
      ? []
      : [`I11: secret ${name} belongs to no live key`],
  );
}

/** I11: a secret that somebody else made is as it was, whatever its name. */
function strangers({ secrets }: World): string[] {
  return [...secrets.secrets].flatMap(([name, { tags, deletedAt, versions }]) =>
    tags['latchkey:env'] !== undefined || (deletedAt === null && versions.size === 1)
      ? []
      : [`I11: the secret ${name} of somebody else was touched`],
  );
}

/** An alias is held exactly by the live key that has it. */
function leases(rows: readonly KeyRow[], world: World): string[] {
  const aliases = new Set(rows.flatMap(({ alias }) => (alias === null ? [] : [alias])));
  return [...aliases].flatMap((alias) => {
    const holders = rows.filter((row) => row.alias === alias && row.status === 'active');
    if (holders.length > 1) return [`two live keys have the alias ${alias}`];
    const lease = world.table.lease(alias);
    const holder = lease?.state === 'held' ? lease.keyId : undefined;
    return holder === holders[0]?.keyId ? [] : [`the alias ${alias} is held by ${holder}`];
  });
}

/** I1, I2, I19: every change of every row is in the trail once, in a chain that ends in the row's. */
function auditGaps(rows: readonly KeyRow[], world: World): string[] {
  return rows.flatMap((row) => {
    const records = world.trail.of(row.keyId).sort((left, right) => left.seq - right.seq);
    if (records.length !== row.seq) {
      return [`I2: ${row.keyId} has ${records.length} records of ${row.seq} changes`];
    }
    let chain = chainStart(row.keyId);
    const broken = records.flatMap((record, index) => {
      const isNext = record.seq === index + 1 && record.previous_chain === chain;
      chain = chainAfter(chain, recordDigest(record));
      return isNext && record.chain === chain
        ? []
        : [`I19: record ${record.seq} of ${row.keyId} does not verify`];
    });
    return chain === row.chain
      ? broken
      : [...broken, `I2: the last change of ${row.keyId} is in no record`];
  });
}

/** I13: no value that Secrets Manager holds is anywhere else. */
function plaintext(world: World, logged: readonly string[]): string[] {
  const values = [...world.secrets.secrets.values()].flatMap(({ versions }) =>
    [...versions.values()].flatMap(({ value }) => (value?.startsWith('sk-') ? [value] : [])),
  );
  const sinks: Record<string, unknown> = {
    'the table': [...world.table.items.values()],
    'the records': [...world.table.records.values()],
    'the claim links': [...world.table.claimLinks.values()],
    'the stream': world.table.stream,
    'the audit': [...world.trail.records.values()],
    'the mails': world.mailer.inbox,
    'the log': logged,
  };
  return Object.entries(sinks).flatMap(([sink, content]) => {
    const text = JSON.stringify(content);
    return values.some((value) => text.includes(value)) ? [`I13: a key is in ${sink}`] : [];
  });
}
