/** A run of the scheduled function with a reminder due, hit by every fault, and met by whatever changes the key. */
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { type Contender, explore, type Race } from './interleavings.ts';
import type { World } from './invariants.ts';
import { type Born, crashMatrix } from './matrix.ts';

const born = { key_alias: 'a', user_email: 'ada@example.com', duration: '40d' };
/** The first mark has passed. */
const elevenDays = (world: World) => world.clock.pass(11 * 86_400_000);

const reminders = ({ mailer }: World) =>
  mailer.inbox.filter(({ subject }) => subject.includes('Expires')).length;
const exactly = (world: World, most: number): string[] =>
  reminders(world) === most ? [] : [`I17: ${reminders(world)} reminders instead of ${most}`];

crashMatrix('reminder', [
  {
    name: 'the first mark has passed',
    born,
    sent: null,
    before: elevenDays,
    finally: (world, { key_id }) => [
      ...exactly(world, 1),
      ...(world.table.row(key_id)?.reminder?.days === 30 ? [] : ['the reminder is not noted']),
    ],
  },
]);

describe('a reminder', () => {
  beforeAll(() => {
    vi.spyOn(process.stdout, 'write').mockReturnValue(true);
  });
  afterAll(() => vi.restoreAllMocks());

  const reconciler: Contender = { name: 'reconciler', sent: 'reconciler' };
  const against = (path: string, body: (of: Born) => object): Contender => ({
    name: 'other',
    sent: (of) => ({ path, body: body(of) }),
    // A fence goes by before the reconciler begins, and with it the time that a request has.
    expected: [200, 503],
  });
  /** Whether a mail went out is what the row says: it applied when it was written. */
  const asWritten = (world: World, of: Born, _answers: unknown, made: readonly string[]) => {
    const { reminder } = world.table.row(of.key_id) ?? {};
    return exactly(world, reminder === undefined ? 0 : 1).map(
      (broken) => `${broken} (${made.join()})`,
    );
  };
  const races: readonly Race[] = [
    {
      name: 'by two copies at once goes out once',
      born,
      before: elevenDays,
      contenders: [reconciler, { ...reconciler, name: 'another' }],
      drawn: 400,
      finally: (world) => exactly(world, 1),
    },
    {
      name: 'that meets a delete',
      born,
      before: elevenDays,
      contenders: [reconciler, against('/key/delete', ({ key_id }) => ({ keys: [key_id] }))],
      drawn: 400,
      finally: asWritten,
    },
    {
      name: 'that meets a block',
      born,
      before: elevenDays,
      contenders: [reconciler, against('/key/block', ({ key_id }) => ({ key: key_id }))],
      drawn: 400,
      finally: asWritten,
    },
    {
      name: 'that meets a later expiry',
      born,
      before: elevenDays,
      contenders: [
        reconciler,
        against('/key/update', ({ key_id }) => ({ key: key_id, duration: '60d' })),
      ],
      drawn: 400,
      finally: asWritten,
    },
  ];

  it.each(races)('$name', async (race) => {
    const { orders, violations } = await explore(race);
    expect(violations).toEqual([]);
    expect(orders).toBeGreaterThan(1);
  });
});
