/** What clients were told during the run, held against the API once all is at rest. */
import { expect } from 'vitest';
import * as z from 'zod/mini';
import { sha256 } from '../agreement.ts';
import { send, verify } from '../api-client.ts';
import type { Row } from '../local-aws.ts';
import type { Repeatable } from './chaos-client.ts';
import type { HeldKey } from './held-key.ts';

const standing = z.looseObject({
  keyId: z.string(),
  status: z.string(),
  blocked: z.boolean(),
  cur: z.looseObject({ hash: z.string() }),
  prev: z.nullable(z.looseObject({ hash: z.string(), until: z.string() })),
});

/** A row's members by key id. Throws where a key that a client was told of has no row. */
function standings(rows: readonly Row[]) {
  const byId = new Map(rows.map((row) => [String(row['keyId']), standing.parse(row)]));
  return (id: string) => {
    const found = byId.get(id);
    if (found === undefined) throw new Error(`There is no row of ${id}`);
    return found;
  };
}

/** Every value that was told is let in exactly where its row says so, and where its client knows so. */
export async function expectLetIn(rows: readonly Row[], keys: readonly HeldKey[]): Promise<number> {
  const rowOf = standings(rows);
  const now = new Date().toISOString();
  const told = keys.flatMap((key) => key.told.map((value) => ({ key, value })));
  for (const { key, value } of told) {
    const { status, blocked, cur, prev } = rowOf(key.id);
    const hash = sha256(value);
    const isOne = hash === cur.hash || (hash === prev?.hash && now < prev.until);
    const isLetIn = status === 'active' && !blocked && isOne;
    const { body } = await verify({ key: value });
    expect(body, key.id).toMatchObject({ valid: isLetIn });
    expect(key.lets(value) ?? isLetIn, `what the client knows of ${key.id}`).toBe(isLetIn);
  }
  return told.length;
}

/** A repeat tells the same value, unless the key has another by now or is gone. */
export async function expectRepeats(
  rows: readonly Row[],
  repeatable: readonly Repeatable[],
): Promise<Readonly<Record<number, number>>> {
  const rowOf = standings(rows);
  const answers: Record<number, number> = {};
  for (const { sent, key, value } of repeatable) {
    const { status, cur } = rowOf(key.id);
    const { status: answered, body } = await send(sent);
    const wanted = status === 'deleted' ? 410 : cur.hash === sha256(value) ? 200 : 409;
    expect(answered, `${sent.path} of ${key.id}`).toBe(wanted);
    if (answered === 200) expect(body).toMatchObject({ key: value, key_id: key.id });
    answers[answered] = (answers[answered] ?? 0) + 1;
  }
  return answers;
}
