/** The soak of `npm run test:soak`, for some seconds: that takes minutes, and looks at the heap too. */
import { expect, it } from 'vitest';
import { soak } from './soak.ts';
import { leftOver } from './verdict.ts';

/** Requests that are never answered with a 200. */
const refused = [
  'bad input',
  'malformed key',
  'no JSON',
  'unknown key',
  'unknown route',
  'unknown target',
];

it('leaves no handle, no open step and no item behind, whatever it is asked and whatever fails', async () => {
  const { samples, answers, repaired, troubles, givenUp } = await soak({
    seed: 1,
    operations: 700,
    warmUpRounds: 1,
    goesOn: ({ length }) => length < 2,
  });
  expect(leftOver(samples)).toEqual([]);
  expect(samples.map(({ openIntents }) => openIntents)).toEqual([0, 0]);
  expect([troubles, givenUp]).toEqual([0, 0]);

  const told = [...answers.keys()];
  expect(told.filter((answer) => answer.endsWith(' 500'))).toEqual([]);
  const names = new Set(told.map((answer) => answer.slice(0, -' 200'.length)));
  const accepted = [...names].filter((name) => answers.has(`${name} 200`));
  expect([...names].filter((name) => !accepted.includes(name)).toSorted()).toEqual(refused);
  expect(told.filter((answer) => answer.endsWith(' 503')).length).toBeGreaterThan(10);
  expect(repaired).toBeGreaterThan(0);
});
