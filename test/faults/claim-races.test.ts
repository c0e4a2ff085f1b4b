/** Claims of one link at once, and against what changes its key: every order of their calls. */
import { invited, newestToken } from '../lambdas/fixtures/claims.ts';
import type { Contender, Race } from './interleavings.ts';
import { raceTests } from './race-tests.ts';

/** Of the link of the present run. */
let token = '';
const born = { ...invited, key_alias: 'a' };

const claim = (name: string, expected: readonly number[]): Contender => ({
  name,
  sent: () => ({ path: '/key/claim', body: { token } }),
  expected,
});

const change = (name: string, path: string, body: (keyId: string) => object): Contender => ({
  name,
  sent: ({ key_id }) => ({ path: path.replace('{key}', key_id), body: body(key_id) }),
  expected: [200],
});

/** Shown to as many as used it up, at most one, and always the key that the link is about. */
const shownOnce: Race['finally'] = ({ trail }, { key, key_id }, answers) => {
  const shown = answers.flatMap(({ status, body }) =>
    status === 200 && body.base_url !== undefined ? [body.key] : [],
  );
  const claimed = trail.of(key_id).filter(({ action }) => action === 'claimed');
  return [
    ...(shown.length > 1 ? ['the key was shown twice'] : []),
    ...(claimed.length > 1 ? ['the link was used up twice'] : []),
    ...(shown.length > claimed.length ? ['a showing is in no record'] : []),
    ...(shown.some((value) => value !== key) ? ['another key was shown'] : []),
  ];
};

/** And never once the change was made. */
const shownBefore =
  (action: string): Race['finally'] =>
  (world, of, answers, made) => {
    const actions = world.trail.of(of.key_id).map((record) => record.action);
    const claimed = actions.indexOf('claimed');
    const isLate = claimed > actions.indexOf(action) && actions.includes(action);
    return [
      ...(shownOnce(world, of, answers, made) ?? []),
      ...(isLate ? [`the link was used up after ${action}`] : []),
    ];
  };

const races: Race[] = [
  {
    name: 'two claims',
    born,
    contenders: [claim('one', [200, 409, 410]), claim('other', [200, 409, 410])],
    finally: (world, of, answers, made) => [
      ...(shownOnce(world, of, answers, made) ?? []),
      ...(answers.some(({ status }) => status === 200) ? [] : ['nobody was shown the key']),
    ],
  },
  {
    name: 'three claims',
    born,
    drawn: 200,
    contenders: ['one', 'another', 'third'].map((name) => claim(name, [200, 409, 410])),
    finally: shownOnce,
  },
  {
    name: 'a claim against a regenerate',
    born,
    contenders: [
      claim('claim', [200, 409, 410]),
      {
        ...change('regenerate', '/key/regenerate', (key) => ({ key })),
        revokes: ({ key }) => [key],
      },
    ],
    finally: shownBefore('rotated'),
  },
  {
    name: 'a claim against a delete',
    born,
    contenders: [
      claim('claim', [200, 409, 410]),
      {
        ...change('delete', '/key/delete', (key) => ({ keys: [key] })),
        revokes: ({ key }) => [key],
      },
    ],
    finally: shownBefore('deleted'),
  },
  {
    name: 'a claim against a block',
    born,
    contenders: [claim('claim', [200, 403]), change('block', '/key/block', (key) => ({ key }))],
    finally: shownBefore('blocked'),
  },
  {
    // Its value may be under way to the other name when it is to be read: then the link is used up.
    name: 'a claim against a rename',
    born,
    drawn: 200,
    contenders: [
      claim('claim', [200, 409, 410]),
      change('rename', '/key/update', (key) => ({ key, key_alias: 'b' })),
    ],
    finally: shownOnce,
  },
  {
    name: 'a claim against a request for another link',
    born,
    contenders: [
      claim('claim', [200, 410]),
      change('request', '/key/{key}/claim-link', () => ({})),
    ],
    finally: shownBefore('claim_link_requested'),
  },
];

raceTests(
  races.map((race) => ({
    ...race,
    before: async (world) => {
      await world.deliver();
      token = newestToken(world);
    },
  })),
);
