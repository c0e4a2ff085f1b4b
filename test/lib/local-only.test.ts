import { describe, expect, it } from 'vitest';
import { list, plain, resourcesOf, statementsOf } from './fixtures/resources.ts';
import { sample, templateOf } from './fixtures/synthesise.ts';

const onAws = [sample.dev, sample.staging, sample.prod, sample.full];

const onEverything = (environment: (typeof onAws)[number]) =>
  statementsOf(templateOf(environment))
    .filter(({ Resource }) => list(Resource).some((resource) => plain(resource) === '*'))
    .flatMap(({ Action }) => list(Action));

/** What makes the local environment comfortable would be a hole anywhere else. */
describe('local conveniences', () => {
  const traces = ['MASTER_KEY_VALUE', 'sk-1234', 'AWS_ENDPOINT_URL', 'localhost', '127.0.0.1'];

  it.each(traces)('%s is in the local template and in no other', (trace) => {
    expect(JSON.stringify(templateOf(sample.local))).toContain(trace);
    for (const environment of onAws) {
      expect(JSON.stringify(templateOf(environment))).not.toContain(trace);
    }
  });

  it('a permission on everything is for local mail alone', () => {
    expect(onEverything(sample.local)).toEqual(['ses:SendEmail']);
    for (const environment of onAws) expect(onEverything(environment)).toEqual([]);
  });

  it('the guard in front of Secrets Manager is named to those who call it only', () => {
    const named = Object.entries(resourcesOf(templateOf(sample.local), 'AWS::Lambda::Function'))
      .filter(([, { Properties }]) => JSON.stringify(Properties).includes('AWS_ENDPOINT_URL'))
      .map(([id]) => id.replace(/Function.*/, ''));
    expect(named.sort()).toEqual([
      'AdminKeyprovisionadminkey',
      'Reconcilersettledue',
      'generatekey',
    ]);
  });
});
