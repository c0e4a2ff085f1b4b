/**
 * What happens in one run of the simulation: phases in which clients, stream readers and scheduled
 * functions are at work at the same time under faults, each followed by a time in which nobody is.
 * Plain data, so that fast-check can draw it, make it smaller, and print it.
 */
import * as fc from 'fast-check';
import { type FaultKind, faultKinds } from '../faults/fault-port.ts';

/** What hits one process. */
export interface Trouble {
  /** At which of its calls, from 1, and how. */
  readonly faults: readonly { readonly call: number; readonly kind: FaultKind }[];
  /** How long its calls take: a seed of their times; 0 for the same short time for all. */
  readonly pace: number;
  /** How far its clock is ahead. */
  readonly aheadMs: number;
}

/** How a key is named in a request. */
export type Name = 'id' | 'hash' | 'value';

/** Keys and aliases are numbers, counted round those that are there. */
export type Action =
  | {
      readonly do: 'generate';
      readonly alias: number | null;
      readonly isMailed: boolean;
      readonly isBadAddress: boolean;
      readonly isMirrored: boolean;
      readonly isRotated: boolean;
      readonly isShortLived: boolean;
      readonly custom: number | null;
    }
  | { readonly do: 'update'; readonly key: number; readonly name: Name }
  | {
      readonly do: 'rename';
      readonly key: number;
      readonly name: Name;
      readonly alias: number | null;
    }
  | {
      readonly do: 'regenerate';
      readonly key: number;
      readonly name: Name;
      readonly grace: string | null;
      /** -1 for no alias; null to leave it. */
      readonly alias: number | null;
      readonly custom: number | null;
    }
  | { readonly do: 'block' | 'unblock' | 'reset-spend'; readonly key: number; readonly name: Name }
  | { readonly do: 'delete' | 'bulk-update'; readonly keys: readonly number[]; readonly name: Name }
  | { readonly do: 'verify'; readonly key: number; readonly value: number }
  | { readonly do: 'look'; readonly key: number; readonly at: number };

/** Who asks: the master key, an admin, a user, or the key itself that it is about. */
export const callers = ['master', 'admin', 'user', 'itself'] as const;

/** A client with something to do, which tries again where that makes sense. */
export interface ClientWork {
  readonly who: 'client';
  readonly atMs: number;
  readonly action: Action;
  readonly caller: (typeof callers)[number];
  readonly isIdempotent: boolean;
  /** How often it tries again where the answer was no answer, or says so. */
  readonly retries: number;
  /** When another client sends the same, after the first began; null for never. */
  readonly twinMs: number | null;
  /** When it sends the same once more, after it was done. */
  readonly againMs: number | null;
  readonly trouble: Trouble;
}

export type Happening =
  | ClientWork
  | {
      readonly who: 'reconciler' | 'rotation';
      readonly atMs: number;
      /** When another copy starts, after the first; null for never. */
      readonly twinMs: number | null;
      readonly trouble: Trouble;
    }
  | {
      /** Has the secret of an alias rotated: begins, or goes on with what was begun. */
      readonly who: 'secrets-manager';
      readonly alias: number;
      readonly atMs: number;
      readonly twinMs: number | null;
      readonly trouble: Trouble;
    }
  | {
      readonly who: 'audit-reader' | 'mail-reader';
      readonly atMs: number;
      readonly batches: number;
      /** Whether it is another copy, which begins at the oldest record. */
      readonly isFromStart: boolean;
      readonly trouble: Trouble;
    }
  /** A record that no reader can read, in the stream. */
  | { readonly who: 'poison'; readonly atMs: number };

export interface Phase {
  readonly happenings: readonly Happening[];
  /** How long nothing happens then. */
  readonly gapMs: number;
}

export interface Scenario {
  readonly phases: readonly Phase[];
  /** Whether reads and refusals of Secrets Manager come from old copies: a seed of how old; 0 for never. */
  readonly staleness: number;
  /** Chooses how mappings cut, repeat and halve batches. */
  readonly stream: number;
}

const minuteMs = 60_000;
const hourMs = 60 * minuteMs;

const faults = fc.oneof(
  { weight: 6, arbitrary: fc.constant([]) },
  {
    weight: 5,
    arbitrary: fc.uniqueArray(
      fc.record({ call: fc.integer({ min: 1, max: 9 }), kind: fc.constantFrom(...faultKinds) }),
      { minLength: 1, maxLength: 3, selector: ({ call }) => call },
    ),
  },
);
const trouble = fc.record({
  faults,
  pace: fc.oneof(fc.constant(0), fc.nat(1_000_000)),
  aheadMs: fc.oneof({ weight: 3, arbitrary: fc.constant(0) }, fc.nat(5000)),
});

/** Few of each, so that they meet. */
const key = fc.nat(6);
const alias = fc.nat(3);
const name = fc.constantFrom<Name>('id', 'hash', 'value');
const seldom = fc.oneof({ weight: 7, arbitrary: fc.constant(false) }, fc.constant(true));
const custom = fc.oneof({ weight: 9, arbitrary: fc.constant(null) }, fc.nat(2));

const action = fc.oneof<fc.WeightedArbitrary<Action>[]>(
  {
    weight: 5,
    arbitrary: fc.record({
      do: fc.constant('generate'),
      alias: fc.option(alias, { nil: null, freq: 4 }),
      isMailed: fc.boolean(),
      isBadAddress: seldom,
      isMirrored: seldom.map((is) => !is),
      isRotated: seldom,
      isShortLived: seldom,
      custom,
    }),
  },
  { weight: 3, arbitrary: fc.record({ do: fc.constant('update'), key, name }) },
  {
    weight: 4,
    arbitrary: fc.record({
      do: fc.constant('rename'),
      key,
      name,
      alias: fc.option(alias, { nil: null, freq: 5 }),
    }),
  },
  {
    weight: 7,
    arbitrary: fc.record({
      do: fc.constant('regenerate'),
      key,
      name,
      grace: fc.constantFrom(null, '0s', '45s', '2h'),
      alias: fc.oneof({ weight: 3, arbitrary: fc.constant(null) }, fc.integer({ min: -1, max: 3 })),
      custom,
    }),
  },
  {
    weight: 3,
    arbitrary: fc.record({
      do: fc.constantFrom('block', 'unblock', 'reset-spend'),
      key,
      name,
    }),
  },
  {
    weight: 5,
    arbitrary: fc.record({
      do: fc.constantFrom('delete', 'delete', 'delete', 'bulk-update'),
      keys: fc.uniqueArray(key, { minLength: 1, maxLength: 3 }),
      name,
    }),
  },
  { weight: 4, arbitrary: fc.record({ do: fc.constant('verify'), key, value: fc.nat(2) }) },
  { weight: 2, arbitrary: fc.record({ do: fc.constant('look'), key, at: fc.nat(5) }) },
);

/** Mostly at once; some while the first ones wait for a call that does not answer; few later. */
const soon = fc.oneof(
  { weight: 4, arbitrary: fc.nat(300) },
  { weight: 2, arbitrary: fc.nat(6000) },
  { weight: 1, arbitrary: fc.nat(100_000) },
);

const twinMs = fc.oneof(
  { weight: 6, arbitrary: fc.constant(null) },
  { weight: 1, arbitrary: fc.constant(0) },
  { weight: 1, arbitrary: fc.nat(200) },
);

const client = fc.record({
  who: fc.constant('client'),
  atMs: soon,
  action,
  caller: fc.oneof(
    { weight: 5, arbitrary: fc.constant('master') },
    { weight: 4, arbitrary: fc.constantFrom(...callers) },
  ),
  isIdempotent: fc.boolean(),
  retries: fc.nat(3),
  twinMs,
  againMs: fc.oneof(
    { weight: 6, arbitrary: fc.constant(null) },
    { weight: 1, arbitrary: fc.constantFrom(3000, 11 * minuteMs, 3 * hourMs) },
  ),
  trouble,
}) satisfies fc.Arbitrary<ClientWork>;

const happening = fc.oneof<fc.WeightedArbitrary<Happening>[]>(
  { weight: 36, arbitrary: client },
  {
    weight: 12,
    arbitrary: fc.record({
      who: fc.constant('reconciler'),
      // Those that act on what was opened in their phase, and those that act on what was before.
      atMs: fc.oneof(fc.nat(3000), fc.integer({ min: 55_000, max: 130_000 })),
      twinMs,
      trouble,
    }),
  },
  {
    weight: 3,
    arbitrary: fc.record({ who: fc.constant('rotation'), atMs: soon, twinMs, trouble }),
  },
  {
    weight: 4,
    arbitrary: fc.record({
      who: fc.constant('secrets-manager'),
      // Not of the one whose name somebody else's secret has.
      alias: fc.nat(2),
      atMs: soon,
      twinMs,
      trouble,
    }),
  },
  {
    weight: 9,
    arbitrary: fc.record({
      who: fc.constantFrom('audit-reader', 'mail-reader', 'mail-reader'),
      // Once something is written.
      atMs: fc.oneof(fc.integer({ min: 100, max: 3000 }), fc.nat(100_000)),
      batches: fc.integer({ min: 1, max: 12 }),
      isFromStart: seldom,
      trouble,
    }),
  },
  { weight: 1, arbitrary: fc.record({ who: fc.constant('poison'), atMs: soon }) },
);

const phase = fc.record({
  happenings: fc.array(happening, { minLength: 1, maxLength: 14, size: 'max' }),
  gapMs: fc.oneof(
    { weight: 4, arbitrary: fc.nat(5000) },
    { weight: 4, arbitrary: fc.integer({ min: 30_000, max: 5 * minuteMs }) },
    {
      weight: 2,
      arbitrary: fc.constantFrom(11 * minuteMs, 7 * hourMs, 25 * hourMs, 8 * 24 * hourMs),
    },
  ),
});

export const scenarios: fc.Arbitrary<Scenario> = fc.record({
  phases: fc.array(phase, { minLength: 1, maxLength: 3, size: 'max' }),
  staleness: fc.oneof(fc.constant(0), fc.nat(1_000_000)),
  stream: fc.nat(1_000_000),
});
