/** Everything at rest after the run: what the stores hold of its keys, and whether they agree. */
import { setTimeout as sleep } from 'node:timers/promises';
import { expect } from 'vitest';
import * as z from 'zod/mini';
import { expectAgreement, sha256 } from '../agreement.ts';
import { allMails, invoke, itemsOf, liveSecrets, outputOf, type Row } from '../local-aws.ts';
import { checkedTrail } from '../trail.ts';
import type { HeldKey } from './held-key.ts';

const keyIdOf = (row: Row) => String(row['keyId']);

async function rowsOf(team: string): Promise<Row[]> {
  const image = z.looseObject({ team_id: z.optional(z.string()) });
  const rows = (await itemsOf('KeysTableName')).filter(({ pk }) => String(pk).startsWith('KEY#'));
  return rows.filter(({ key }) => image.parse(key).team_id === team);
}

/** What is there as soon as it is complete, or when patience is over, so that a failure shows it. */
async function latest<T>(look: () => Promise<T>, isComplete: (found: T) => boolean): Promise<T> {
  const giveUpAt = Date.now() + 90_000;
  for (;;) {
    const found = await look();
    if (isComplete(found) || Date.now() > giveUpAt) return found;
    await sleep(2000);
  }
}

/** Whether a row has an open step, or anything to be done soon: a grace period may end in an hour. */
const isRestless = ({ intent, due_sk: due }: Row) =>
  intent !== null ||
  (typeof due === 'string' && due < new Date(Date.now() + 600_000).toISOString());

/**
 * Runs the scheduled function until it has nothing more to do for the keys of a team. Answers their
 * rows and how many runs it took.
 */
export async function comeToRest(team: string): Promise<{ rows: Row[]; passes: number }> {
  let passes = 0;
  const run = async () => {
    await invoke(outputOf('ReconcilerFunctionName'), {});
    passes += 1;
    return rowsOf(team);
  };
  const rows = await latest(run, (found) => !found.some(isRestless));
  expect(rows.filter(isRestless)).toEqual([]);
  return { rows, passes };
}

/** Each live key's secret has its value, and no other secret of these keys is left. */
export async function expectSecrets(rows: readonly Row[]): Promise<number> {
  const live = rows.filter(({ status }) => status === 'active');
  for (const row of live) await expectAgreement(keyIdOf(row));
  const ids = new Set(rows.map(keyIdOf));
  const ours = new Map([...(await liveSecrets())].filter(([, keyId]) => ids.has(keyId)));
  expect(ours).toEqual(new Map(live.map((row) => [String(row['secretName']), keyIdOf(row)])));
  return ours.size;
}

type Trails = ReadonlyMap<string, ReturnType<typeof checkedTrail>>;

/** Each change has its record, and no record has a value. */
export async function expectTrails(
  rows: readonly Row[],
  keys: readonly HeldKey[],
): Promise<Trails> {
  const byKey = await latest(
    async () => Map.groupBy(await itemsOf('AuditTableName'), ({ key_id: id }) => String(id)),
    (found) => rows.every((row) => (found.get(keyIdOf(row)) ?? []).length >= Number(row['seq'])),
  );
  const values = keys.flatMap(({ told }) => told);
  return new Map(
    rows.map((row) => {
      const id = keyIdOf(row);
      return [id, checkedTrail(id, row, byKey.get(id) ?? [], values)];
    }),
  );
}

const notice = z.object({
  key_id: z.string(),
  event: z.string(),
  state: z.string(),
});
const addressed = z.looseObject({ user_email: z.optional(z.string()) });

/**
 * Each birth with an invitation, and each rotation, block and deletion of a key with an address was
 * mailed, nothing else.
 */
export async function expectMails(rows: readonly Row[], trails: Trails) {
  const due = rows.flatMap((row) => {
    const id = keyIdOf(row);
    const { user_email: to } = addressed.parse(row['key']);
    const records = trails.get(id) ?? [];
    const actions = records.map(({ action }) => action);
    if (to === undefined) return [];
    const isInvited = to.startsWith('invited') && !actions.includes('generate_undone');
    const told = records.flatMap(({ action, before }) => {
      if (action === 'blocked') return before?.['blocked'] === true ? [] : ['key_blocked'];
      return action === 'rotated' || action === 'deleted' ? [`key_${action}`] : [];
    });
    return [
      ...(isInvited ? [{ id, event: 'key_created' }] : []),
      ...told.map((event) => ({ id, event })),
    ];
  });
  const ids = new Set(rows.map(keyIdOf));
  const wanted = due.map(({ id, event }) => `${id} ${event} sent`).sort();
  const notices = await latest(
    async () =>
      (await itemsOf('NoticesTableName'))
        // Links to values are there as well.
        .filter(({ pk }) => String(pk).startsWith('NOTICE#'))
        .map((item) => notice.parse(item))
        .filter(({ key_id: id }) => ids.has(id))
        .map(({ key_id: id, event, state }) => `${id} ${event} ${state}`)
        .sort(),
    (found) => found.length >= wanted.length && found.every((each) => each.endsWith('sent')),
  );
  expect(notices).toEqual(wanted);
  const mails = (await allMails()).flatMap(({ BodyText }) =>
    [...ids].filter((id) => BodyText.includes(id)),
  );
  for (const id of ids) {
    const least = due.filter((each) => each.id === id).length;
    const count = mails.filter((each) => each === id).length;
    // More than one for one notice only where its sender died.
    if (least === 0) expect(count, `mails about ${id}`).toBe(0);
    else expect(count, `mails about ${id}`).toBeGreaterThanOrEqual(least);
  }
  return { 'mails due': due.length, 'mails sent': mails.length };
}

const value = z.looseObject({ hash: z.string() });

/** What a client was told last is what the row says, unless a change went unanswered. */
export function expectKnown(rows: readonly Row[], keys: readonly HeldKey[]): number {
  let known = 0;
  const byId = new Map(rows.map((row) => [keyIdOf(row), row]));
  for (const key of keys) {
    const row = byId.get(key.id);
    const { facts } = key;
    const image = z.looseObject({}).parse(row?.['key']);
    const found = {
      deleted: row?.['status'] === 'deleted',
      blocked: row?.['blocked'],
      alias: row?.['alias'],
      limit: image['tpm_limit'] ?? null,
      budget: image['max_budget'] ?? null,
      value: value.parse(row?.['cur']).hash,
    };
    const wanted = { ...facts, value: sha256(facts.value) };
    const names = ['deleted', 'blocked', 'alias', 'limit', 'budget', 'value'] as const;
    for (const name of names.filter((each) => key.knows(each))) {
      known += 1;
      expect(found[name], `${name} of ${key.id}`).toBe(wanted[name]);
    }
  }
  return known;
}
