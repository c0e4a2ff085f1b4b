/** LiteLLM's command line, `lite`, unchanged: what it prints, and how it exits. */
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { freePort } from '../../scripts/local/ports.ts';
import { info, isLetIn, issued, masterKey, send } from '../e2e/api-client.ts';
import { type Dev, startDev } from '../fixtures/dev-process.ts';
import { run } from './program.ts';

/** Words, and arguments with spaces after them. */
const lite = (words: string, ...more: readonly string[]) =>
  run('lite', [...words.split(' '), ...more]);

describe.concurrent('lite keys', () => {
  it('lists keys in a table: hash, alias, user, team and spend', async () => {
    const owner = { user_id: 'lite-table', team_id: 'lite-team' };
    const key = await issued({ ...owner, key_alias: 'lite/table', spend: 1.25 });
    const { code, stdout } = await lite('keys list --user-id lite-table');
    expect(code).toBe(0);
    expect(stdout).toContain('Showing 1 keys out of 1');
    const columns = [key.token, 'lite/table', 'lite-table', 'lite-team', '1.25'];
    expect(stdout).toMatch(new RegExp(columns.join('\\s+│\\s+').replaceAll('.', '\\.')));
  });

  it('lists keys as JSON, as whole objects', async () => {
    const key = await issued({ key_alias: 'lite/json', models: ['gpt-4o'] });
    const { code, stdout } = await lite(
      'keys',
      'list',
      '--key-alias',
      'lite/json',
      '--format',
      'json',
    );
    expect(code).toBe(0);
    expect(JSON.parse(stdout)).toMatchObject({
      keys: [{ token: key.token, key_alias: 'lite/json', models: ['gpt-4o'] }],
      total_count: 1,
      current_page: 1,
      total_pages: 1,
    });
  });

  it('generates a key with every option, which is let in', async () => {
    const { code, stdout } = await lite(
      'keys generate --spend 2 --duration 7d --key-alias lite/new --team-id team-a --user-id ada --budget-id budget-a',
      '--models=gpt-4o, mistral',
      '--aliases={"fast": "gpt-4o"}',
      '--config={"region": "eu"}',
    );
    expect(code).toBe(0);
    const asked = {
      models: ['gpt-4o', 'mistral'],
      aliases: { fast: 'gpt-4o' },
      spend: 2,
      key_alias: 'lite/new',
      team_id: 'team-a',
      user_id: 'ada',
      budget_id: 'budget-a',
      config: { region: 'eu' },
    };
    const key = JSON.parse(stdout);
    expect(key).toMatchObject(asked);
    expect((await info(key.key)).body.info).toMatchObject(asked);
    expect(await isLetIn(key.key)).toBe(true);
  });

  it('shows a refusal of generate with its status and JSON, and exits with 1', async () => {
    await issued({ key_alias: 'lite/taken' });
    const { code, stdout, stderr } = await lite('keys generate --key-alias lite/taken');
    expect(code).toBe(1);
    expect(stderr).toContain('Error: HTTP 400');
    expect(JSON.parse(stdout).error).toMatchObject({ param: 'key_alias', code: '400' });
  });

  it('deletes by value and by alias at once', async () => {
    const one = await issued({ key_alias: 'lite/gone' });
    const two = await issued();
    const { code, stdout } = await lite(`keys delete --keys ${two.key} --key-aliases lite/gone`);
    expect(code).toBe(0);
    expect(JSON.parse(stdout).deleted_keys).toEqual([two.key, 'lite/gone']);
    expect(await Promise.all([one, two].map(({ key }) => isLetIn(key)))).toEqual([false, false]);
  });

  it('shows a refusal of delete, and exits with 1', async () => {
    const { code, stdout, stderr } = await lite('keys delete');
    expect(code).toBe(1);
    expect(stderr).toMatch(/Error: HTTP 4(00|22)/);
    expect(JSON.parse(stdout).error.message).toEqual(expect.any(String));
  });

  it('exits with 1 where a list is refused', async () => {
    const { code, stderr } = await lite('--api-key sk-wrong keys list');
    expect(code).toBe(1);
    expect(stderr).toContain('UnauthorizedError: 401 Client Error');
  });
});

describe.concurrent('lite http request', () => {
  it('reaches routes without a command of their own', async () => {
    await issued({ key_alias: 'lite/http' });
    const { code, stdout } = await lite('http request GET /key/aliases?search=lite/http');
    expect(code).toBe(0);
    expect(JSON.parse(stdout)).toMatchObject({ aliases: ['lite/http'], total_count: 1 });
  });

  it('sends JSON', async () => {
    const key = await issued();
    const body = JSON.stringify({ key: key.token });
    const { code, stdout } = await lite('http request POST /key/block -j', body);
    expect(code).toBe(0);
    expect(JSON.parse(stdout).blocked).toBe(true);
  });

  it('shows the JSON of an unknown route, and exits with 1', async () => {
    const { code, stdout, stderr } = await lite('http request GET /team/list');
    expect(code).toBe(1);
    expect(stderr).toContain('Error: HTTP 404');
    expect(JSON.parse(stdout).error.code).toBe('404');
  });
});

describe('lite keys import', () => {
  let dev: Dev;
  let source: string;

  beforeAll(async () => {
    const port = await freePort();
    source = `http://localhost:${port}`;
    dev = startDev(port);
    while (!dev.output().includes('Ready in')) await sleep(100);
  });

  afterAll(() => {
    dev.child.kill('SIGKILL');
  });

  const made = async (body: object) => {
    const answer = await fetch(`${source}/key/generate`, {
      method: 'POST',
      headers: { authorization: `Bearer ${masterKey}`, 'content-type': 'application/json' },
      body: JSON.stringify(body),
    });
    expect(answer.status).toBe(200);
    return JSON.parse(await answer.text());
  };
  const importing = (key: string, ...options: readonly string[]) =>
    lite(`keys import --source-base-url ${source} --source-api-key ${key}`, ...options);

  it('takes over the keys of another instance, with what it copies of them', async () => {
    const copied = {
      key_alias: 'lite/imported',
      user_id: 'mover',
      team_id: 'team-a',
      models: ['gpt-4o'],
      aliases: { fast: 'gpt-4o' },
      spend: 3,
      budget_id: 'budget-a',
      config: { region: 'eu' },
    };
    const old = await made({ ...copied, max_budget: 10 });
    // Of its own user alone: the key that is made here sees no others.
    const { code, stdout } = await importing(old.key);
    expect(code).toBe(0);
    expect(stdout).toContain('Imported key: lite/imported');
    expect(stdout).toMatch(/Successfully imported: 1\s+Failed to import: 0\s+Total .*: 1/);
    const path = '/key/list?return_full_object=true&key_alias=lite/imported';
    const { body } = await send({ path, headers: { authorization: `Bearer ${masterKey}` } });
    expect(body.keys).toMatchObject([copied]);
    expect(body.keys[0].token).not.toBe(old.token);
  });

  it('counts as failed what is there already', async () => {
    const old = await made({ key_alias: 'lite/there', user_id: 'twice' });
    await issued({ key_alias: 'lite/there' });
    const { code, stdout, stderr } = await importing(old.key);
    expect(code).toBe(0);
    expect(stderr).toContain('Failed to import key lite/there: 400 Client Error');
    expect(stdout).toMatch(/Successfully imported: 0\s+Failed to import: 1/);
  });

  it('shows in a dry run, over all pages, what there is, and makes nothing', async () => {
    for (let n = 0; n < 101; n += 1) await made({ key_alias: `lite/dry-${n}`, user_id: 'dry' });
    const { code, stdout } = await importing(masterKey, '--dry-run');
    expect(code).toBe(0);
    expect(stdout).toContain('Fetched page 1: 100 keys');
    expect(stdout).toMatch(/Fetched page 2: \d+ keys/);
    const today = new Date().toISOString().slice(0, 10);
    expect(stdout).toMatch(new RegExp(`lite/dry-0\\s+│\\s+dry\\s+│\\s+${today} \\d\\d:\\d\\d`));
    const path = '/key/list?user_id=dry';
    const { body } = await send({ path, headers: { authorization: `Bearer ${masterKey}` } });
    expect(body.keys).toEqual([]);
  });

  it('can leave out what is older', async () => {
    const { code, stdout } = await importing(masterKey, '--created-since', '2999-01-01');
    expect(code).toBe(0);
    expect(stdout).toMatch(/Filtered \d+ keys to 0 keys created since 2999-01-01/);
  });

  it('exits with 1 where the source refuses it', async () => {
    const { code, stderr } = await importing('sk-wrong');
    expect(code).toBe(1);
    expect(stderr).toContain('Error: 401 Client Error');
  });
});
