/** A rotation that Secrets Manager drives, against whatever else changes its key: in every order of the calls. */
import { holderOf } from '../fakes/secret-versions.ts';
import type { Contender, Race } from './interleavings.ts';
import { isLetIn, type World } from './invariants.ts';
import type { Born } from './matrix.ts';
import { raceTests } from './race-tests.ts';

const steps = (name: string): Contender => ({ name, sent: 'secrets-manager' });
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

const begun = async (world: World) => {
  world.beginRotation('litellm/a');
};
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

const race = (
  name: string,
  contenders: readonly Contender[],
  changes: Partial<Race> = {},
): Race => ({
  name: `a rotation by Secrets Manager against ${name}`,
  born: { key_alias: 'a' },
  before: begun,
  drawn: 800,
  contenders: [steps('steps'), ...contenders],
  finally: isRotated,
  ...changes,
});

raceTests([
  race('itself', [steps('again')]),
  race('the reconciler', [reconciler]),
  race('itself and the reconciler', [steps('again'), reconciler]),
  race('a regenerate', [request('/key/regenerate', (key) => ({ key }), [200, 409])], {
    finally: (world, of, [, answer]) => [
      ...isRotated(world, of),
      ...(rotationsOf(world, of).length === (answer?.status === 200 ? 2 : 1)
        ? []
        : ['I6: the regenerate counted otherwise than it was told']),
    ],
  }),
  race('an update', [request('/key/update', (key) => ({ key, tpm_limit: 7 }), [200])], {
    finally: (world, of) => [
      ...isRotated(world, of),
      ...(world.table.row(of.key_id)?.key.tpm_limit === 7 ? [] : ['the update is lost']),
    ],
  }),
  race('a block', [request('/key/block', (key) => ({ key }), [200])], {
    finally: (world, of) => [
      ...(world.table.row(of.key_id)?.blocked === true ? [] : ['it is not blocked']),
      ...values(world).flatMap((value) =>
        isLetIn(world, value) ? ['I7: a value of a blocked key is let in'] : [],
      ),
    ],
  }),
  race('a delete', [request('/key/delete', (key) => ({ keys: [key] }), [200])], {
    finally: (world, of) => [
      ...(world.table.row(of.key_id)?.status === 'deleted' ? [] : ['I8: it is not deleted']),
      ...values(world).flatMap((value) =>
        isLetIn(world, value) ? ['I8: a value of a deleted key is let in'] : [],
      ),
    ],
  }),
  race(
    'a delete and the reconciler',
    // A minute passes before the reconciler begins, which is more than a request has.
    [request('/key/delete', (key) => ({ keys: [key] }), [200, 503]), reconciler],
    {
      finally: (world, of, [, answer]) =>
        world.table.row(of.key_id)?.status === 'deleted' || answer?.status === 503
          ? []
          : ['I8: it is not deleted'],
    },
  ),
  race('a rename', [request('/key/update', (key) => ({ key, key_alias: 'b' }), [200, 409])], {
    finally: (world, of, [, answer]) => {
      const isRenamed = answer?.status === 200;
      const isRotatedFirst = rotationsOf(world, of).length === 1;
      return [
        ...(isRenamed || isRotatedFirst ? [] : ['neither has come about']),
        ...(isLetIn(world, of.key) === isRotatedFirst ? ['the old value counts otherwise'] : []),
      ];
    },
  }),
  race('the schedule', [{ name: 'schedule', sent: 'rotation' }], {
    born: { key_alias: 'a', auto_rotate: true, rotation_interval: '10d' },
    before: async (world) => {
      await world.clock.pass(864_000_000);
      await begun(world);
    },
    finally: (world, of) => {
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
  }),
]);
