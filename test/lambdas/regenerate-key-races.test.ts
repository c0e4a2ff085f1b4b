/** A regenerate that is open: who is let in meanwhile, and what becomes of other requests. */
import { describe, expect, it } from 'vitest';
import { startedService } from '../fakes/service.ts';
import { actionsOf, ask, atRest, isLetIn, issue } from './fixtures/calls.ts';
import type { Service } from './fixtures/stored.ts';

const path = '/key/regenerate';
const regenerated = (service: Service, key: string, fields: object = {}) =>
  ask(service, { path, body: { key, ...fields } });

/** The value that step 2 puts in place, and something that happens right then. */
function duringPut({ secrets }: Service, happens: (value: string) => Promise<unknown>): void {
  const put = secrets.put.bind(secrets);
  secrets.put = async (id, value, token, limitMs) => {
    const outcome = await put(id, value, token, limitMs);
    secrets.put = put;
    await happens(value);
    return outcome;
  };
}

describe('while a regenerate is open', () => {
  it('the new value is let in already, for Secrets Manager may show it', async () => {
    const service = await startedService();
    const { key, key_id } = await issue(service, { key_alias: 'a' });
    const seen: boolean[] = [];
    duringPut(service, async (value) => {
      seen.push(await isLetIn(service, value), await isLetIn(service, key));
    });
    expect((await regenerated(service, key_id)).status).toBe(200);
    expect(seen).toEqual([true, true]);
  });

  it('the new value is let in, and refused once it is taken back', async () => {
    const service = await startedService();
    const { key, key_id } = await issue(service, { key_alias: 'a' });
    const offered: string[] = [];
    const put = service.secrets.put.bind(service.secrets);
    service.secrets.put = async (id, value, token, limitMs) => {
      offered.push(value);
      return put(id, value, token, limitMs);
    };
    service.secrets.trouble('unanswered', 'unanswered');
    expect((await regenerated(service, key_id)).status).toBe(503);
    const [value = ''] = offered;
    expect(await isLetIn(service, value)).toBe(true);
    expect(await atRest(service)).toEqual([]);
    expect(await isLetIn(service, value)).toBe(false);
    expect(await isLetIn(service, key)).toBe(true);
    expect(await actionsOf(service, key_id)).toEqual(['created']);
  });

  it('another regenerate or rename is a 409 with Retry-After and leaves nothing behind', async () => {
    const service = await startedService();
    const { key_id } = await issue(service, { key_alias: 'a' });
    const answers: unknown[] = [];
    duringPut(service, async () => {
      for (const body of [{ key: key_id }, { key: key_id, key_alias: 'b' }]) {
        const { status, headers } = await ask(service, { path, body });
        answers.push([status, headers['retry-after']]);
      }
    });
    const { body } = await regenerated(service, key_id);
    expect(answers).toEqual([
      [409, '5'],
      [409, '5'],
    ]);
    expect(service.secrets.current('litellm/a')).toBe(body.key);
    expect(service.table.lease('b')).toBeNull();
    expect(await atRest(service)).toEqual([]);
  });

  it('a delete wins: no 200, no value told, no secret left', async () => {
    const service = await startedService();
    const { key, key_id } = await issue(service, { key_alias: 'a' });
    let put = '';
    duringPut(service, async (value) => {
      put = value;
      await ask(service, { path: '/key/delete', body: { keys: [key_id] } });
    });
    const { status, body } = await regenerated(service, key_id);
    expect(status).toBe(409);
    expect(JSON.stringify(body)).not.toContain(put);
    expect([await isLetIn(service, key), await isLetIn(service, put)]).toEqual([false, false]);
    expect(await atRest(service)).toEqual([]);
  });

  it('a block stays, and is on the new value', async () => {
    const service = await startedService();
    const { key_id } = await issue(service);
    duringPut(service, () => ask(service, { path: '/key/block', body: { key: key_id } }));
    const { status, body } = await regenerated(service, key_id);
    expect([status, await isLetIn(service, body.key)]).toEqual([200, false]);
  });
});

describe('regenerates at once', () => {
  it.each([2, 5])('of one key: one of %i wins, the others get 409', async (count) => {
    const service = await startedService();
    const { key, key_id } = await issue(service, { key_alias: 'a' });
    const answers = await Promise.all(
      Array.from({ length: count }, () => regenerated(service, key_id)),
    );
    const won = answers.filter(({ status }) => status === 200);
    expect(won).toHaveLength(1);
    expect(answers.filter(({ status }) => status === 409)).toHaveLength(count - 1);
    expect(service.secrets.current('litellm/a')).toBe(won[0]?.body.key);
    expect(await isLetIn(service, key)).toBe(false);
    expect(await actionsOf(service, key_id)).toEqual(['created', 'rotated']);
    expect(await atRest(service)).toEqual([]);
  });

  it('with one chosen value: one key gets it', async () => {
    const service = await startedService();
    const [one, two] = [await issue(service), await issue(service)];
    const new_key = 'sk-chosen-by-somebody';
    const answers = await Promise.all([
      regenerated(service, one.key_id, { new_key }),
      regenerated(service, two.key_id, { new_key }),
    ]);
    expect(answers.map(({ status }) => status).sort((left, right) => left - right)).toEqual([
      200, 400,
    ]);
    const lost = answers.find(({ status }) => status === 400);
    expect(lost?.body.error.param).toBe('new_key');
    expect(await atRest(service)).toEqual([]);
  });
});
