/**
 * litellm-as-code: virtual keys from a file that says which there should be, after
 * rafaelkallis/litellm-as-code, litellm_as_code/{api,diff}.py and litellm_as_code/resources/keys.py.
 */
import { describe, expect, it } from 'vitest';
import { info, isLetIn, masterKey, send } from '../e2e/api-client.ts';

interface Entry {
  readonly key_alias: string;
  readonly [field: string]: unknown;
}

const compared = [
  'user_id',
  'team_id',
  'models',
  'max_budget',
  'budget_duration',
  'allowed_routes',
] as const;

async function request(method: 'GET' | 'POST', path: string, body?: object) {
  const headers = {
    authorization: `Bearer ${masterKey}`,
    'litellm-changed-by': 'litellm-as-code',
    'content-type': 'application/json',
  };
  const answer = await send({ method, path, headers, body });
  if (answer.status >= 400) throw new Error(`${method} ${path}: ${JSON.stringify(answer.body)}`);
  return answer.body;
}

/** Brings the keys to what the entries say, and tells what it had to do for each. */
async function reconcile(entries: readonly Entry[]): Promise<string[]> {
  const { keys } = await request('GET', '/key/list?return_full_object=true');
  const live = new Map<unknown, Readonly<Record<string, unknown>>>();
  for (const key of keys) if (key.key_alias) live.set(key.key_alias, key);
  const done: string[] = [];
  for (const entry of entries) {
    const existing = live.get(entry.key_alias);
    if (existing === undefined) {
      await request('POST', '/key/generate', entry);
      done.push('create');
    } else if (compared.some((field) => !isSame(entry[field], existing[field]))) {
      // Never the value, so that no key is rotated; the alias names the key.
      const { key: _, ...settings } = entry;
      await request('POST', '/key/update', settings);
      done.push('update');
    } else {
      done.push('nothing');
    }
  }
  return done;
}

/** None and an empty list or object are the same. */
const isSame = (wanted: unknown, live: unknown): boolean => spelled(wanted) === spelled(live);

const spelled = (value: unknown): string => {
  const json = JSON.stringify(value ?? null);
  return json === '[]' || json === '{}' ? 'null' : json;
};

describe('litellm-as-code', () => {
  const value = 'sk-example-key-value-0000000000000000';
  const entries: readonly Entry[] = [
    { key_alias: 'as-code/cli', key: value, user_id: 'username-admin' },
    {
      key_alias: 'as-code/service',
      user_id: 'username-service',
      team_id: 'team-prod',
      models: ['myorg/chat'],
      max_budget: 10,
      budget_duration: '30d',
      allowed_routes: ['llm_api_routes'],
    },
  ];

  it('makes what is not there, and finds it as wanted in the next run', async () => {
    expect(await reconcile(entries)).toEqual(['create', 'create']);
    expect(await reconcile(entries)).toEqual(['nothing', 'nothing']);
  });

  it('changes what differs, by alias alone, and keeps the value', async () => {
    const changed = entries.map((entry) => ({ ...entry, max_budget: 20, models: ['a', 'b'] }));
    expect(await reconcile(changed)).toEqual(['update', 'update']);
    expect(await reconcile(changed)).toEqual(['nothing', 'nothing']);
    expect(await isLetIn(value)).toBe(true);
  });

  it('is named as who changed it', async () => {
    const { key_id } = (await info(value)).body.info;
    const { audit_logs } = await request('GET', `/audit?key_id=${key_id}`);
    expect(audit_logs).toMatchObject([{ changed_by: 'litellm-as-code' }, {}]);
  });

  it('deletes by value', async () => {
    await request('POST', '/key/delete', { keys: [value] });
    expect(await isLetIn(value)).toBe(false);
  });
});
