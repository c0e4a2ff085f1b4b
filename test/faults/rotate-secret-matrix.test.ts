import { tokenHash } from '../../lambdas/shared/domain/key-format.ts';
import { holderOf } from '../fakes/secret-versions.ts';
import { isLetIn, type World } from './invariants.ts';
import { crashMatrix, mostlyOnes, type Variant } from './matrix.ts';

const born = { key_alias: 'a', user_email: 'owner@example.com' };

const rotationsOf = (world: World, keyId: string) =>
  world.trail.of(keyId).filter(({ action }) => action === 'rotated');

/** Whatever is stored and is not the key's value: nobody is let in by it. */
function strayValues(world: World, keyId: string): string[] {
  const row = world.table.row(keyId);
  const secret = world.secrets.service.stored(row?.secretName ?? '');
  return [...(secret?.versions.values() ?? [])].flatMap(({ value }) =>
    value !== null && tokenHash(value) !== row?.cur.hash && isLetIn(world, value)
      ? ['I6: a value is let in that is not the key’s']
      : [],
  );
}

/** Rotated once, whatever happened, and ready to be rotated again. */
const isRotatedOnce: Variant['finally'] = (world, { key, key_id }) => {
  const { secretName, key: image } = world.table.row(key_id) ?? {};
  const versions = world.secrets.service.stored(secretName ?? '')?.versions ?? new Map();
  const pending = holderOf(versions, 'AWSPENDING');
  return [
    ...(rotationsOf(world, key_id).length === 1 ? [] : ['I2: not rotated once']),
    ...(image?.rotation_count === 1 ? [] : [`the count is ${image?.rotation_count}`]),
    ...(pending === null ? [] : ['Secrets Manager takes the rotation for still running']),
    ...(isLetIn(world, key) ? ['the old value is let in'] : []),
    ...strayValues(world, key_id),
  ];
};

/** Rotated or as it was. */
const isRotatedOrNot: Variant['finally'] = (world, { key, key_id }) => {
  const rotations = rotationsOf(world, key_id).length;
  return [
    ...(rotations <= 1 ? [] : [`I2: rotated ${rotations} times`]),
    ...(isLetIn(world, key) === (rotations === 0)
      ? []
      : ['the old value counts as long as no other']),
    ...strayValues(world, key_id),
  ];
};

const variant = (name: string, changes: Partial<Variant> = {}): Variant => ({
  name,
  born,
  sent: 'secrets-manager',
  finally: isRotatedOnce,
  ...changes,
});

crashMatrix('rotation by Secrets Manager', [
  // The steps that change the row and the label: of all four there would be 27,000 pairs.
  variant('setSecret and finishSecret', {
    steps: ['setSecret', 'finishSecret'],
    askedAgain: 'at once',
  }),
]);

crashMatrix(
  'rotation by Secrets Manager in other forms',
  [
    variant('asked again at once', { askedAgain: 'at once' }),
    variant('asked again later'),
    variant('given up', { askedAgain: 'never', finally: isRotatedOrNot }),
    variant('without alias', { born: { ...born, key_alias: undefined } }),
  ],
  mostlyOnes,
);
