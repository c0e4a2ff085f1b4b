/** The count of values stored in one secret goes with the secret, whoever has its name. */
import { expect, it } from 'vitest';
import { startedService } from '../fakes/service.ts';
import { ask, atRest, isLetIn, issue } from './fixtures/calls.ts';
import type { Service } from './fixtures/stored.ts';

const remove = (service: Service, alias: string) =>
  ask(service, { path: '/key/delete', body: { key_aliases: [alias] } });
const rename = async (service: Service, key: string, key_alias: string) =>
  (await ask(service, { path: '/key/update', body: { key, key_alias } })).status;

async function regenerateOften(service: Service, key: string, times: number): Promise<void> {
  for (let count = 0; count < times; count += 1) {
    expect((await ask(service, { path: '/key/regenerate', body: { key } })).status).toBe(200);
  }
}

it('an alias is used again twenty times a day at most, key after key', async () => {
  const service = await startedService();
  let taken = 0;
  let last = await service.generate({ key_alias: 'a' });
  for (; last.status === 200; last = await service.generate({ key_alias: 'a' })) {
    taken += 1;
    await remove(service, 'a');
  }
  expect([taken, last.status, last.headers['retry-after']]).toEqual([21, 429, '36600']);
  expect(service.secrets.secrets.get('litellm/a')?.versions.size).toBeLessThan(100);
  service.clock.advance(36_600_000);
  expect((await service.generate({ key_alias: 'a' })).status).toBe(200);
});

it('a new key under the alias of a deleted one goes on with its count', async () => {
  const service = await startedService();
  await regenerateOften(service, (await issue(service, { key_alias: 'a' })).key_id, 18);
  await remove(service, 'a');
  const { key_id } = await issue(service, { key_alias: 'a' });
  await regenerateOften(service, key_id, 1);
  const answer = await ask(service, { path: '/key/regenerate', body: { key: key_id } });
  expect(answer.status).toBe(429);
  expect(await atRest(service)).toEqual([]);
});

it('a key that is renamed to such an alias goes on with the higher count', async () => {
  const service = await startedService();
  await regenerateOften(service, (await issue(service, { key_alias: 'a' })).key_id, 19);
  await remove(service, 'a');
  const { key, key_id } = await issue(service, { key_alias: 'b' });
  expect(await rename(service, key_id, 'a')).toBe(200);
  expect(await rename(service, key_id, 'c')).toBe(429);
  expect(await isLetIn(service, key)).toBe(true);
  expect(await atRest(service)).toEqual([]);
});
