import { isLetIn, type World } from './invariants.ts';
import { type Born, crashMatrix, mostlyOnes, type Variant } from './matrix.ts';

const born = {
  key_alias: 'a',
  user_email: 'owner@example.com',
  auto_rotate: true,
  rotation_interval: '10d',
};
const tenDays = ({ clock }: World) => clock.pass(864_000_000);

/** Rotated once, whatever happened: with a record, a count and a time that is ahead. */
const isRotatedOnce: Variant['finally'] = (world, { key, key_id }) => {
  const rotated = world.trail.of(key_id).filter(({ action }) => action === 'rotated');
  const {
    rotation_count,
    last_rotation_at,
    key_rotation_at = '',
  } = world.table.row(key_id)?.key ?? {};
  return [
    ...(rotated.length === 1 ? [] : [`I2: rotated ${rotated.length} times`]),
    ...(rotated.every(({ changed_by }) => changed_by === 'system') ? [] : ['by somebody else']),
    ...(rotation_count === 1 ? [] : [`the count is ${rotation_count}`]),
    ...(last_rotation_at === undefined ? ['no time is kept'] : []),
    ...(key_rotation_at > world.now().toISOString() ? [] : ['it is due again already']),
    ...(isLetIn(world, key) ? ['the old value is let in'] : []),
  ];
};

const variant = (name: string, changes: Partial<Variant> = {}): Variant => ({
  name,
  born,
  before: tenDays,
  sent: 'rotation',
  finally: isRotatedOnce,
  ...changes,
});

crashMatrix('scheduled rotation', [variant('in place')]);

crashMatrix(
  'scheduled rotation in other forms',
  [
    variant('without alias', { born: { ...born, key_alias: undefined } }),
    variant('a rename is open', {
      before: async (world, { key_id }: Born) => {
        await tenDays(world);
        world.secrets.trouble('unanswered', 'lost-answer');
        await world.asAdmin({ path: '/key/update', body: { key: key_id, key_alias: 'b' } });
      },
    }),
  ],
  mostlyOnes,
);
