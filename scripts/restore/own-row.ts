/** What the environment's own row tells of a key, where it ends as the trail does. */
import type { KeyRow } from '../../lambdas/shared/domain/key-row.ts';
import { type Judged, type Judging, judgedRow } from './judged-row.ts';
import type { Replayed } from './replayed-row.ts';

/** Where the environment's own row ends, and what no record has. */
export interface OwnRow
  extends Pick<KeyRow, 'seq' | 'chain' | 'status' | 'cur' | 'secretName' | 'secretArn' | 'intent'> {
  readonly besides: Pick<
    KeyRow,
    | 'imported'
    | 'leftNames'
    | 'ownNameLeftAt'
    | 'reminder'
    | 'rotateNotBefore'
    | 'stores'
    | 'suspicion'
    | 'sweepAt'
  >;
}

export const ownRow = (row: KeyRow): OwnRow => ({
  seq: row.seq,
  chain: row.chain,
  status: row.status,
  cur: row.cur,
  secretName: row.secretName,
  secretArn: row.secretArn,
  intent: row.intent,
  besides: {
    imported: row.imported,
    leftNames: row.leftNames,
    ownNameLeftAt: row.ownNameLeftAt,
    reminder: row.reminder,
    rotateNotBefore: row.rotateNotBefore,
    stores: row.stores,
    suspicion: row.suspicion,
    sweepAt: row.sweepAt,
  },
});

type End = Pick<KeyRow, 'seq' | 'chain'>;

/** Whether the environment has no change of the key that the trail lacks. */
export const isSameEnd = (own: End | undefined, { seq, chain }: End): boolean =>
  own?.seq === seq && own.chain === chain;

/** Whether it lets the same value in besides, so that it can be believed what it tells alone. */
export const agrees = (own: OwnRow | undefined, row: KeyRow): own is OwnRow =>
  own !== undefined &&
  isSameEnd(own, row) &&
  own.status === row.status &&
  own.cur.hash === row.cur.hash;

/**
 * The replayed row with what only the environment's own tells. Its secret, which the records do not name,
 * is the replayed one where a look at that has confirmed it, else the own row's. A step that the own row
 * has open stays open.
 */
export async function judgedWithOwn(
  { row: replayed, pointers }: Replayed,
  own: OwnRow,
  judging: Judging,
): Promise<Judged> {
  const { secretName, secretArn, intent } = own;
  const row = { ...replayed, ...own.besides };
  const cur = { ...row.cur, ver: own.cur.ver };
  const named = { ...row, cur, secretName, secretArn, intent };
  if (intent !== null) {
    return {
      row: named,
      pointers,
      notes: ['its open step is finished or taken back'],
      doubt: null,
    };
  }
  const judged = await judgedRow({ row, pointers }, judging);
  if (row.status === 'deleted') {
    return { ...judged, row: { ...judged.row, cur, secretName, secretArn } };
  }
  const isConfirmed =
    judged.doubt === null && (judged.row.secretName !== null || secretName === null);
  return isConfirmed ? judged : judgedRow({ row: named, pointers }, judging);
}
