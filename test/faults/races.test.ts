/** What happens when requests meet: every order of their calls, each with what must hold. */
import type { Received } from '../fakes/service.ts';
import type { Contender, Race } from './interleavings.ts';
import { isLetIn, type World } from './invariants.ts';
import type { Born } from './matrix.ts';
import { raceTests } from './race-tests.ts';

const key = (of: Born) => ({ key: of.key_id });
const old = (of: Born) => [of.key];

const update = (name: string, body: object, expected = [200]): Contender => ({
  name,
  sent: (of) => ({ path: '/key/update', body: { ...key(of), ...body } }),
  expected,
});
const rename = (name: string, key_alias: string | null, expected = [200, 409]): Contender =>
  update(name, { key_alias }, expected);
const regenerate = (name: string, expected = [200, 409], body: object = {}): Contender => ({
  name,
  sent: (of) => ({ path: '/key/regenerate', body: { ...key(of), ...body } }),
  expected,
  revokes: old,
});
const remove = (name: string, expected = [200]): Contender => ({
  name,
  sent: (of) => ({ path: '/key/delete', body: { keys: [of.key_id] } }),
  expected,
  revokes: old,
});
const block: Contender = {
  name: 'block',
  sent: (of) => ({ path: '/key/block', body: key(of) }),
  expected: [200],
  revokes: old,
};
const generate = (name: string, key_alias: string, expected: readonly number[]): Contender => ({
  name,
  sent: () => ({ path: '/key/generate', body: { key_alias } }),
  expected,
});
/** Asked by an admin, and by the key itself. */
const check = (name: 'gateway' | 'key'): Contender => ({
  name,
  sent: (of) => ({
    path: '/key/verify',
    ...(name === 'key' ? { headers: { authorization: `Bearer ${of.key}` } } : {}),
    body: { key: of.key },
  }),
  expected: [200, 401],
});
/** Each check says what was true when it read the row: yes before the write that ends the value, then no. */
const saidInTime =
  (ending: string, then: Record<'gateway' | 'key', unknown>): Race['finally'] =>
  (_world, _of, answers, made) =>
    (['gateway', 'key'] as const).flatMap((name, index) => {
      const isAfter = made.indexOf(`${name} load`) > made.indexOf(ending);
      const { status, body } = answers[index] ?? { status: 0, body: {} };
      const said = status === 200 ? body.reason : status;
      return said === (isAfter ? then[name] : 'valid')
        ? []
        : [`I7: ${name} was told ${said} ${isAfter ? 'after' : 'before'} the end`];
    });
const checks = [check('gateway'), check('key')];
const reconciler: Contender = { name: 'reconciler', sent: 'reconciler' };
const rotation = (name: string): Contender => ({ name, sent: 'rotation' });

const born = { key_alias: 'a' };
const bornScheduled = { ...born, auto_rotate: true, rotation_interval: '10d' };
const adminsKey = 'sk-admin-0123456789abcdef';
const statusOf = (world: World, of: Born) => world.table.row(of.key_id)?.status;

/** Exactly the successful regenerates are recorded, and only the last value told is let in. */
const oneValue = (world: World, of: Born, answers: readonly Received[]): string[] => {
  const told = answers.flatMap(({ status, body }) =>
    status === 200 && String(body.key).startsWith('sk-') ? [String(body.key)] : [],
  );
  const rotations = world.trail.of(of.key_id).filter(({ action }) => action === 'rotated').length;
  const letIn = [of.key, ...told].filter((value) => isLetIn(world, value));
  const row = world.table.row(of.key_id);
  return [
    ...(rotations === told.length ? [] : [`I6: ${told.length} told, ${rotations} rotated`]),
    ...(row?.status !== 'active' || row.blocked || letIn.length === 1
      ? []
      : [`I6: ${letIn.length} values are let in`]),
    ...(told.length > 0 && letIn.includes(of.key) ? ['I7: the old value is let in'] : []),
  ];
};

const tenDays = (world: World) => world.clock.pass(864_000_000);

/** The schedule has rotated the key once, or a regenerate came before it; its time is over either way. */
const rotatedOnce = (world: World, of: Born, answers: readonly Received[]): string[] => {
  const rotated = world.trail.of(of.key_id).filter(({ action }) => action === 'rotated');
  const scheduled = rotated.filter(({ changed_by }) => changed_by === 'system').length;
  const told = answers.filter(({ status }) => status === 200).length;
  const { rotation_count: count, key_rotation_at: next = '' } =
    world.table.row(of.key_id)?.key ?? {};
  const isOnce = scheduled === 1 || (scheduled === 0 && told > 0);
  return [
    ...(isOnce && count === scheduled ? [] : [`rotated ${scheduled} times, counted ${count}`]),
    ...(next > world.now().toISOString() ? [] : ['it is still due']),
    ...(rotated.length - scheduled === told ? [] : [`${told} told, ${rotated.length} rotated`]),
    ...(isLetIn(world, of.key) ? ['the old value is let in'] : []),
  ];
};

const isDeleted = (world: World, of: Born): string[] =>
  statusOf(world, of) === 'deleted' ? [] : ['I8: a deleted key is not deleted'];

const races: readonly Race[] = [
  {
    name: 'two copies of the schedule rotate a key once',
    born: bornScheduled,
    before: tenDays,
    contenders: [rotation('one'), rotation('another')],
    finally: rotatedOnce,
  },
  {
    name: 'the schedule against a regenerate',
    born: bornScheduled,
    before: tenDays,
    contenders: [rotation('schedule'), regenerate('regenerate')],
    finally: rotatedOnce,
  },
  {
    name: 'the schedule against a delete',
    born: bornScheduled,
    before: tenDays,
    contenders: [rotation('schedule'), remove('delete')],
    finally: (world, of) => [
      ...isDeleted(world, of),
      ...(isLetIn(world, of.key) ? ['I8: a value of a deleted key is let in'] : []),
    ],
  },
  {
    name: 'the schedule against an update of the interval, which counts from its own time',
    born: bornScheduled,
    before: tenDays,
    contenders: [rotation('schedule'), update('update', { rotation_interval: '3d' })],
    finally: (world, of) => {
      const { key_rotation_at = '', rotation_interval } = world.table.row(of.key_id)?.key ?? {};
      const days = (Date.parse(key_rotation_at) - world.now().getTime()) / 86_400_000;
      return rotation_interval === '3d' && days > 2.5 && days < 3.3
        ? []
        : [`every ${rotation_interval}, the next in ${days} days`];
    },
  },
  {
    name: 'two updates of different fields both apply',
    born,
    contenders: [update('one', { tpm_limit: 1 }), update('two', { rpm_limit: 2 })],
    finally: (world, of) => {
      const { tpm_limit, rpm_limit } = world.table.row(of.key_id)?.key ?? {};
      return tpm_limit === 1 && rpm_limit === 2 ? [] : ['an update got lost'];
    },
  },
  {
    name: 'an update against a delete',
    born,
    contenders: [update('update', { tpm_limit: 1 }, [200, 404]), remove('delete')],
    finally: isDeleted,
  },
  {
    name: 'an unblock against a delete',
    born: { ...born, blocked: true },
    contenders: [
      {
        name: 'unblock',
        sent: (of) => ({ path: '/key/unblock', body: key(of) }),
        expected: [200, 404],
      },
      remove('delete'),
    ],
    finally: isDeleted,
  },
  {
    name: 'an update against a regenerate both apply',
    born,
    contenders: [update('update', { tpm_limit: 1 }), regenerate('regenerate', [200])],
    finally: (world, of, answers) => [
      ...oneValue(world, of, answers),
      ...(world.table.row(of.key_id)?.key.tpm_limit === 1 ? [] : ['the update got lost']),
    ],
  },
  {
    name: 'two regenerates: one wins, or one comes after the other',
    born,
    contenders: [regenerate('one'), regenerate('two')],
    finally: (world, of, answers) => [
      ...oneValue(world, of, answers),
      ...(answers.some(({ status }) => status === 200) ? [] : ['nobody won']),
    ],
  },
  {
    name: 'a regenerate against a delete',
    born,
    contenders: [regenerate('regenerate', [200, 404, 409]), remove('delete')],
    finally: (world, of, answers) => [
      ...isDeleted(world, of),
      ...answers
        .filter(({ body }) => typeof body.key === 'string' && isLetIn(world, body.key))
        .map(() => 'I8: a value of a deleted key is let in'),
    ],
  },
  {
    name: 'a regenerate against a block',
    born,
    contenders: [regenerate('regenerate', [200]), block],
    finally: (world, of, answers) => [
      ...oneValue(world, of, answers),
      ...(world.table.row(of.key_id)?.blocked === true ? [] : ['I7: a blocked key is not blocked']),
      ...answers
        .filter(({ body }) => typeof body.key === 'string' && isLetIn(world, body.key))
        .map(() => 'I7: the new value of a blocked key is let in'),
    ],
  },
  {
    name: 'a regenerate against a rename',
    born,
    contenders: [regenerate('regenerate'), rename('rename', 'b')],
    finally: oneValue,
  },
  {
    name: 'a regenerate to another name against a delete',
    born,
    contenders: [regenerate('regenerate', [200, 404, 409], { key_alias: 'b' }), remove('delete')],
    finally: isDeleted,
  },
  {
    name: 'a rename against a delete',
    born,
    contenders: [rename('rename', 'b', [200, 404, 409]), remove('delete')],
    finally: isDeleted,
  },
  {
    name: 'two renames of one key',
    born,
    drawn: 400,
    contenders: [rename('to b', 'b'), rename('to c', 'c')],
  },
  {
    name: 'a rename and a birth want one name',
    born,
    contenders: [
      rename('rename', 'b', [200, 400, 409]),
      generate('generate', 'b', [200, 400, 409]),
    ],
    finally: (_world, _of, answers) =>
      answers.filter(({ status }) => status === 200).length === 1 ? [] : ['not exactly one won'],
  },
  {
    name: 'a birth takes the name that a rename leaves',
    born,
    contenders: [rename('rename', 'b', [200]), generate('generate', 'a', [200, 400, 409])],
  },
  {
    name: 'a birth takes the name of a key that is deleted',
    born,
    contenders: [remove('delete'), generate('generate', 'a', [200, 400, 409])],
    finally: isDeleted,
  },
  {
    name: 'two deletes',
    born,
    contenders: [remove('one', [200, 404]), remove('two', [200, 404])],
    finally: (world, of, answers) => [
      ...isDeleted(world, of),
      ...(answers.some(({ status }) => status === 200) ? [] : ['nobody was told']),
      ...(world.trail.of(of.key_id).filter(({ action }) => action === 'deleted').length === 1
        ? []
        : ['I2: deleted more than once']),
    ],
  },
  {
    name: 'one delete, sent twice',
    born,
    contenders: ['first', 'second'].map((name) => ({
      name,
      sent: (of: Born) => ({
        path: '/key/delete',
        headers: { 'idempotency-key': 'once' },
        body: { keys: [of.key_id] },
      }),
      expected: [200, 409],
      revokes: old,
    })),
    finally: (world, of, answers) => [
      ...isDeleted(world, of),
      ...(answers.some(({ status }) => status === 200) ? [] : ['nobody was told']),
    ],
  },
  {
    name: 'a regenerate that is overtaken by the reconciler',
    born,
    contenders: [regenerate('regenerate', [200, 409, 503]), reconciler],
  },
  {
    name: 'a rename that is overtaken by the reconciler',
    born,
    drawn: 500,
    contenders: [rename('rename', 'b', [200, 409, 503]), reconciler],
  },
  {
    name: 'a delete that is overtaken by the reconciler',
    born,
    contenders: [remove('delete', [200, 503]), reconciler],
  },
  {
    name: 'checks against a block',
    born,
    contenders: [...checks, block],
    finally: saidInTime('block commit replace-row', { gateway: 'blocked', key: 'blocked' }),
  },
  {
    name: 'checks against a delete',
    born,
    contenders: [...checks, remove('delete')],
    finally: saidInTime('delete commit replace-row', { gateway: 'deleted', key: 'deleted' }),
  },
  {
    name: 'checks against a regenerate',
    born,
    contenders: [...checks, regenerate('regenerate', [200])],
    finally: saidInTime('regenerate commit replace-row+expire-pointer', {
      gateway: 'not_found',
      key: 401,
    }),
  },
  {
    name: 'checks against a regenerate with a grace period',
    born,
    contenders: [
      ...checks,
      {
        name: 'regenerate',
        sent: (of) => ({ path: '/key/regenerate', body: { ...key(of), grace_period: '1h' } }),
        expected: [200],
      },
    ],
    finally: saidInTime('regenerate commit replace-row+expire-pointer', {
      gateway: 'in_grace',
      key: 'in_grace',
    }),
  },
  {
    name: 'two reconcilers at an open regenerate',
    born,
    drawn: 500,
    before: async (world, of) => {
      world.secrets.trouble('unanswered', 'lost-answer');
      await world.asAdmin({ path: '/key/regenerate', body: { key: of.key_id } });
    },
    contenders: [reconciler, { ...reconciler, name: 'another' }],
  },
  {
    name: 'an admin is blocked while it changes a key',
    born: { key: adminsKey, user_role: 'proxy_admin' },
    before: async (world) => {
      await world.generate({ key_alias: 'b' });
    },
    contenders: [
      {
        name: 'update',
        sent: () => ({
          path: '/key/update',
          headers: { authorization: `Bearer ${adminsKey}` },
          body: { key_alias: 'b', tpm_limit: 1 },
        }),
        expected: [200, 401],
      },
      block,
    ],
    finally: (_world, _of, [answer], made) => {
      const isRevokedFirst = made.indexOf('block commit replace-row') < made.indexOf('update load');
      return isRevokedFirst === (answer?.status === 401)
        ? []
        : [
            `I16: ${answer?.status} to an admin who was blocked ${isRevokedFirst ? 'before' : 'after'}`,
          ];
    },
  },
  {
    name: 'a regenerate, a delete and an update',
    born,
    drawn: 600,
    contenders: [
      regenerate('regenerate', [200, 404, 409]),
      remove('delete'),
      update('update', { tpm_limit: 1 }, [200, 404]),
    ],
    finally: isDeleted,
  },
];

raceTests(races);
