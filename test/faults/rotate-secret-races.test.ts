/** A rotation that Secrets Manager drives, against whatever else changes its key: in every order of the calls. */
import { holderOf } from '../fakes/secret-versions.ts';
import type { Contender, Race } from './interleavings.ts';
import { isLetIn, type World } from './invariants.ts';
import type { Born } from './matrix.ts';
import { raceTests } from './race-tests.ts';

const reconciler: Contender = { name: 'reconciler', sent: 'reconciler' };
const request = (
  path: string,
  bodyOf: (keyId: string) => object,
  expected: readonly number[],
): Contender => ({
  name: path.replace('/key/', ''),
  sent: ({ key_id }) => ({ path, body: bodyOf(key_id) }),
  expected,
});

const rotationsOf = (world: World, of: Born) =>
  world.trail.of(of.key_id).filter(({ action }) => action === 'rotated');

/** In the end Secrets Manager has rotated it once, and may again. */
const isRotated = (world: World, of: Born): string[] => {
  const bySecretsManager = rotationsOf(world, of).filter(
    ({ changed_by }) => changed_by === 'secrets_manager',
  ).length;
  const { secretName } = world.table.row(of.key_id) ?? {};
  const versions = world.secrets.service.stored(secretName ?? '')?.versions ?? new Map();
  return [
    ...(bySecretsManager === 1 ? [] : [`I2: rotated ${bySecretsManager} times`]),
    ...(holderOf(versions, 'AWSPENDING') === null ? [] : ['it is taken for still running']),
    ...(isLetIn(world, of.key) ? ['I7: the old value is let in'] : []),
  ];
};

const values = ({ secrets }: World) =>
  [...secrets.secrets.values()].flatMap(({ versions }) =>
    [...versions.values()].flatMap(({ value }) => value ?? []),
  );

/** Each step is an invocation of its own: what meets it finds the ones before it done. */
const steps = ['createSecret', 'setSecret', 'finishSecret'] as const;
type Step = (typeof steps)[number];

/** One race for each step. */
const races = (
  name: string,
  others: (step: Step) => readonly Contender[],
  finish: Race['finally'] = isRotated,
  changes: Partial<Race> = {},
): Race[] =>
  steps.map((step, index) => ({
    name: `${step} against ${name}`,
    born: { key_alias: 'a' },
    ...changes,
    before: async (world, of) => {
      await changes.before?.(world, of);
      world.beginRotation('litellm/a');
      await world.takeSteps('litellm/a', world.processStores, steps.slice(0, index));
    },
    contenders: [{ name: step, sent: 'secrets-manager', steps: [step] }, ...others(step)],
    finally: finish,
  }));

const isDeleted: Race['finally'] = (world, of, [, answer]) => [
  ...(world.table.row(of.key_id)?.status === 'deleted' || answer?.status === 503
    ? []
    : ['I8: it is not deleted']),
  ...values(world).flatMap((value) =>
    answer?.status === 200 && isLetIn(world, value)
      ? ['I8: a value of a deleted key is let in']
      : [],
  ),
];

const regenerate = request('/key/regenerate', (key) => ({ key }), [200, 409]);
const rename = request('/key/update', (key) => ({ key, key_alias: 'b' }), [200, 409]);
const update = request('/key/update', (key) => ({ key, tpm_limit: 7 }), [200]);
const block = request('/key/block', (key) => ({ key }), [200]);
/** Where a minute passes before the reconciler begins, a request has no time left. */
const remove = (expected: readonly number[]) =>
  request('/key/delete', (key) => ({ keys: [key] }), expected);
const again = (step: Step): Contender => ({
  name: 'again',
  sent: 'secrets-manager',
  steps: [step],
});

raceTests([
  ...races('itself', (step) => [again(step)]),
  ...races('the reconciler', () => [reconciler], isRotated, { drawn: 300 }),
  ...races('itself and the reconciler', (step) => [again(step), reconciler], isRotated, {
    drawn: 300,
  }),
  ...races(
    'a regenerate',
    () => [regenerate],
    (world, of, [, answer]) => [
      ...isRotated(world, of),
      ...(rotationsOf(world, of).length === (answer?.status === 200 ? 2 : 1)
        ? []
        : ['I6: the regenerate counted otherwise than it was told']),
    ],
  ),
  ...races(
    'an update',
    () => [update],
    (world, of) => [
      ...isRotated(world, of),
      ...(world.table.row(of.key_id)?.key.tpm_limit === 7 ? [] : ['the update is lost']),
    ],
  ),
  ...races(
    'a block',
    () => [block],
    (world, of) => [
      ...(world.table.row(of.key_id)?.blocked === true ? [] : ['it is not blocked']),
      ...values(world).flatMap((value) =>
        isLetIn(world, value) ? ['I7: a value of a blocked key is let in'] : [],
      ),
    ],
  ),
  ...races('a delete', () => [remove([200])], isDeleted),
  ...races('a delete and the reconciler', () => [remove([200, 503]), reconciler], isDeleted, {
    drawn: 300,
  }),
  ...races(
    'a rename',
    () => [rename],
    (world, of, [, answer]) => {
      const isRotatedFirst = rotationsOf(world, of).length === 1;
      return [
        ...(answer?.status === 200 || isRotatedFirst ? [] : ['neither has come about']),
        ...(isLetIn(world, of.key) === isRotatedFirst ? ['the old value counts otherwise'] : []),
      ];
    },
  ),
  ...races(
    'the schedule',
    () => [{ name: 'schedule', sent: 'rotation' }],
    (world, of) => {
      const actors = rotationsOf(world, of).map(({ changed_by }) => changed_by);
      const count = world.table.row(of.key_id)?.key.rotation_count;
      return [
        ...(actors.filter((actor) => actor === 'secrets_manager').length === 1
          ? []
          : [`rotated by ${actors.join(', ')}`]),
        ...(count === actors.length ? [] : [`counted ${count} of ${actors.length}`]),
        ...(isLetIn(world, of.key) ? ['the old value is let in'] : []),
      ];
    },
    {
      born: { key_alias: 'a', auto_rotate: true, rotation_interval: '10d' },
      before: (world) => world.clock.pass(864_000_000),
    },
  ),
]);
