/** A real LiteLLM proxy with the custom-auth file of `examples/litellm`, which asks the deployed service. */
import { type ChildProcess, spawn } from 'node:child_process';
import { copyFileSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest';
import { cleanEnvironment } from '../../scripts/local/clean-environment.ts';
import { close, listen, readBody } from '../../scripts/local/listen.ts';
import { freePort } from '../../scripts/local/ports.ts';
import { projectDir } from '../../scripts/local/project.ts';
import { block, issued, post, regenerate, remove, resetSpend, unblock } from '../e2e/api-client.ts';
import { eventually } from '../e2e/local-aws.ts';

const example = join(projectDir, 'examples', 'litellm');
const masterKey = 'sk-of-the-proxy-itself';
const folder = mkdtempSync(join(tmpdir(), 'latchkey-litellm-'));
let proxyUrl: string;
let proxy: ChildProcess;
let output = '';
let ownKey: string;

/** Between the proxy and the service: counts what is asked, and can keep the answers back. */
let answers: 'all' | 'none' | 'failures' = 'all';
let asked = 0;
const line = createServer((incoming, outgoing) => {
  asked += 1;
  if (answers === 'none') return;
  if (answers === 'failures') return void outgoing.writeHead(500).end('{"valid":true}');
  void readBody(incoming).then(async (body) => {
    const key = incoming.headers.authorization?.replace('Bearer ', '');
    const answer = await post(incoming.url ?? '', body.toString(), key, {
      'content-type': 'application/json',
    });
    outgoing.writeHead(answer.status).end(JSON.stringify(answer.body));
  });
});

beforeAll(async () => {
  ownKey = (await issued({ key_type: 'read_only' })).key;
  copyFileSync(join(example, 'latchkey_auth.py'), join(folder, 'latchkey_auth.py'));
  const more = `
  - model_name: dear
    litellm_params:
      model: openai/gpt-4o
      api_key: none
      mock_response: Hello from dear.
      input_cost_per_token: 0.01
      output_cost_per_token: 0.01
  - model_name: broken
    litellm_params: { model: openai/gpt-4o, api_key: none, api_base: 'http://127.0.0.1:1/v1', max_retries: 0 }
  - model_name: slow
    litellm_params: { model: openai/gpt-4o, api_key: none, mock_response: Hello from slow., mock_delay: 3 }
`;
  const config = readFileSync(join(example, 'config.yaml'), 'utf8');
  writeFileSync(join(folder, 'config.yaml'), config.replace('model_list:\n', `model_list:${more}`));
  const port = await freePort();
  proxyUrl = `http://127.0.0.1:${port}`;
  proxy = spawn(
    join(inject('litellmPrograms'), 'litellm'),
    ['--config', join(folder, 'config.yaml'), '--port', String(port), '--host', '127.0.0.1'],
    {
      env: cleanEnvironment(folder, {
        LATCHKEY_URL: `http://127.0.0.1:${await listen(line, 0)}`,
        LATCHKEY_KEY: ownKey,
        LITELLM_MASTER_KEY: masterKey,
        LITELLM_LOCAL_MODEL_COST_MAP: 'True',
      }),
      stdio: ['ignore', 'pipe', 'pipe'],
    },
  );
  for (const stream of [proxy.stdout, proxy.stderr]) {
    stream?.on('data', (chunk: Buffer) => {
      output += chunk.toString();
    });
  }
  await eventually(async () => {
    if (proxy.exitCode !== null) throw new Error(`The proxy did not start:\n${output}`);
    const answer = await fetch(`${proxyUrl}/health/liveliness`).catch(() => null);
    return answer?.ok === true ? answer : null;
  }, 150_000);
}, 180_000);

afterAll(async () => {
  const ended = new Promise((resolve) => proxy.once('close', resolve));
  proxy.kill();
  if ((await Promise.race([ended, sleep(20_000, 'late')])) === 'late') {
    proxy.kill('SIGKILL');
    await ended;
  }
  await close(line);
  rmSync(folder, { recursive: true, force: true });
}, 30_000);

interface Chat {
  readonly model?: string | undefined;
  readonly path?: string;
  readonly more?: object;
}

async function chat(key: string | null, { model = 'small', path, more }: Chat = {}) {
  const response = await fetch(proxyUrl + (path ?? '/v1/chat/completions'), {
    method: 'POST',
    headers: {
      'content-type': 'application/json',
      ...(key === null ? {} : { authorization: `Bearer ${key}` }),
    },
    body: JSON.stringify({ model, messages: [{ role: 'user', content: 'Hello' }], ...more }),
  });
  const text = await response.text();
  return { status: response.status, text, retryAfter: response.headers.get('retry-after') };
}

async function transcribed(key: string, model: string): Promise<number> {
  const body = new FormData();
  body.set('model', model);
  body.set('file', new Blob(['sound']), 'a.wav');
  const headers = { authorization: `Bearer ${key}` };
  const url = `${proxyUrl}/v1/audio/transcriptions`;
  return (await fetch(url, { method: 'POST', headers, body })).status;
}

const statuses = async (times: number, key: string, more?: Chat) => {
  const seen: number[] = [];
  for (let n = 0; n < times; n += 1) seen.push((await chat(key, more)).status);
  return seen;
};

describe('a key', () => {
  it('is let in where it is good, and asked about with each request', async () => {
    const { key } = await issued({ user_id: 'ada', team_id: 'shop' });
    const before = asked;
    expect((await chat(key)).text).toContain('Hello from small.');
    expect((await chat(key)).status).toBe(200);
    expect(asked - before).toBe(2);
  });

  it.each<[reason: string, spoil: (key: string) => Promise<unknown>]>([
    ['blocked', (key) => block({ key })],
    ['deleted', (key) => remove({ keys: [key] })],
    ['expired', (key) => post('/key/update', { key, duration: '0s' })],
    ['not_found', (key) => regenerate({ key })],
  ])('is refused by the next request, with the reason: %s', async (reason, spoil) => {
    const { key } = await issued();
    expect((await chat(key)).status).toBe(200);
    await spoil(key);
    const { status, text } = await chat(key);
    expect(status).toBe(401);
    expect(text).toContain(`This key is not let in: ${reason}.`);
    expect(text).not.toContain(key);
  });

  it('is let in again when it is unblocked', async () => {
    const { key } = await issued();
    await block({ key });
    expect((await chat(key)).status).toBe(401);
    await unblock({ key });
    expect((await chat(key)).status).toBe(200);
  });

  it.each([null, 'sk-none', masterKey])('is needed, and one of Latchkey: %s', async (key) => {
    expect((await chat(key)).status).toBe(401);
  });

  it("reaches none of the proxy's routes for admins, though it be an admin's here", async () => {
    const { key } = await issued({ user_role: 'proxy_admin' });
    const path = `${proxyUrl}/config/list?config_type=general_settings`;
    const response = await fetch(path, { headers: { authorization: `Bearer ${key}` } });
    expect(response.ok).toBe(false);
  });

  it('is refused where its type or its routes exclude models', async () => {
    for (const fields of [
      { key_type: 'management' },
      { key_type: 'read_only' },
      { key_type: 'management', allowed_routes: ['llm_api_routes'] },
      { key_type: 'read_only', allowed_routes: ['llm_api_routes'] },
      { allowed_routes: ['/v1/embeddings'] },
    ]) {
      expect((await chat((await issued(fields)).key)).status).toBe(403);
    }
    const { key } = await issued({ key_type: 'llm_api' });
    expect((await chat(key)).status).toBe(200);
    expect((await chat(key, { path: '/key/generate' })).status).toBe(403);
  });
});

describe('a model that is not in models', () => {
  it.each<[where: string, request: Chat]>([
    ['the body', { model: 'large' }],
    ['the path', { model: undefined, path: '/openai/deployments/large/chat/completions' }],
    ['the path alone', { path: '/openai/deployments/large/chat/completions' }],
    ['the path of an engine', { path: '/engines/large/chat/completions' }],
    ['the path of Gemini', { path: '/v1beta/models/large:generateContent' }],
    ['the body alone', { model: 'large', path: '/openai/deployments/small/chat/completions' }],
    ['fallbacks', { more: { fallbacks: ['large'] } }],
  ])('is refused: in %s', async (_, request) => {
    const { key } = await issued({ models: ['small'] });
    expect((await chat(key)).status).toBe(200);
    const { status, text } = await chat(key, request);
    expect(status).toBe(403);
    expect(text).toContain('key_model_access_denied');
  });

  it('is refused in a form', async () => {
    const { key } = await issued({ models: ['small'] });
    expect(await transcribed(key, 'large')).toBe(403);
  });

  it.each<[where: string, fields: object, request: Chat]>([
    ['config', { config: { a: 1 } }, { more: { fallbacks: ['large'] } }],
    ['fallbacks', { router_settings: { fallbacks: [{ broken: ['large'] }] } }, {}],
    [
      'group aliases',
      {
        router_settings: { model_group_alias: { broken: 'large' } },
        aliases: { large: 'broken' },
      },
      {},
    ],
    ['an alias', { aliases: { large: 'broken' } }, { more: { fallbacks: ['large'] } }],
    ['an alias of a model that it has', { aliases: { broken: 'large' } }, {}],
  ])('is not reached by a setting of the key: %s', async (_, fields, request) => {
    const { key } = await issued({ models: ['broken'], ...fields });
    const { status, text } = await chat(key, { model: 'broken', ...request });
    expect(status).toBeGreaterThanOrEqual(400);
    expect(text).not.toContain('Hello');
  });

  it('is not reached in a form by the config of the key', async () => {
    const { key } = await issued({ models: ['small'], config: { a: 1 } });
    expect(await transcribed(key, 'large')).toBe(403);
  });

  it('is let in by an alias of the key', async () => {
    const { key } = await issued({ models: ['small'], aliases: { fast: 'small' } });
    expect((await chat(key, { model: 'fast' })).text).toContain('Hello from small.');
  });
});

describe('a limit', () => {
  it.each([
    ['rpm_limit', 1],
    ['model_rpm_limit', { small: 1 }],
    ['tpm_limit', 40],
    ['model_tpm_limit', { small: 40 }],
  ])('%s is enforced by the proxy', async (name, limit) => {
    const { key } = await issued({ [name]: limit });
    expect(await statuses(2, key)).toEqual([200, 429]);
  });

  it('tag_rpm_limit is enforced by the proxy', async () => {
    const { key } = await issued({ tags: ['batch'], tag_rpm_limit: { batch: 1 } });
    expect(await statuses(2, key)).toEqual([200, 429]);
  });

  it('counts both values of a grace period as one key', async () => {
    const { key } = await issued({ rpm_limit: 1 });
    const { body } = await regenerate({ key, grace_period: '1h' });
    expect((await chat(key)).status).toBe(200);
    expect((await chat(body.key)).status).toBe(429);
  });

  it('max_parallel_requests is enforced by the proxy', async () => {
    const { key } = await issued({ max_parallel_requests: 1 });
    const model = 'slow';
    const all = await Promise.all([1, 2, 3].map(() => chat(key, { model })));
    const counts = [200, 429].map((status) => all.filter((one) => one.status === status).length);
    expect(counts).toEqual([1, 2]);
    expect((await chat(key)).status).toBe(200);
  });

  it('model_rpm_limit holds for a model by an alias, and not for one to fall back on', async () => {
    const fields = { model_rpm_limit: { small: 1 }, aliases: { fast: 'small' } };
    const { key } = await issued(fields);
    expect(await statuses(2, key, { model: 'fast' })).toEqual([200, 429]);
    const request = { model: 'broken', more: { fallbacks: ['small'] } };
    expect((await chat(key, request)).text).toContain('Hello from small.');
  });
});

describe('a budget', () => {
  it('max_budget is held against the spend that Latchkey has, and nothing else', async () => {
    const { key, key_id } = await issued({ max_budget: 0.01, spend: 0.01 });
    const { status, text } = await chat(key);
    expect(status).toBe(422);
    expect(text).toContain('budget_exceeded');
    await resetSpend(key_id, { reset_to: 0 });
    expect(await statuses(4, key, { model: 'dear' })).toEqual([200, 200, 200, 200]);
  });

  it('model_max_budget is counted by the proxy', async () => {
    const budget = { budget_limit: 0.01, time_period: '1d' };
    const { key } = await issued({ model_max_budget: { dear: budget } });
    expect((await chat(key, { model: 'dear' })).status).toBe(200);
    await eventually(async () =>
      (await chat(key, { model: 'dear' })).status === 422 ? true : null,
    );
    expect((await chat(key)).status).toBe(200);
  });

  it.each<[by: string, fields: object, request: Chat]>([
    ['an alias', { aliases: { fast: 'dear' } }, { model: 'fast' }],
    ['a fallback', {}, { model: 'broken', more: { fallbacks: ['dear'] } }],
  ])(
    'model_max_budget does not hold for a model that is reached by %s',
    async (_, fields, request) => {
      const budget = { budget_limit: 0.01, time_period: '1d' };
      const { key } = await issued({ model_max_budget: { dear: budget }, ...fields });
      expect((await chat(key, { model: 'dear' })).status).toBe(200);
      await eventually(async () =>
        (await chat(key, { model: 'dear' })).status === 422 ? true : null,
      );
      expect((await chat(key, request)).text).toContain('Hello from dear.');
    },
  );
});

describe('what the table of docs/gateways.md has as not enforced', () => {
  it.each([
    ['tpd_limit', 1],
    ['budget_limits', [{ budget_duration: '1d', max_budget: 0.01 }]],
    ['soft_budget', 0.01],
  ])('%s lets everything through', async (name, value) => {
    const { key } = await issued({ [name]: value });
    expect(await statuses(4, key, { model: 'dear' })).toEqual([200, 200, 200, 200]);
  });

  it.each([
    ['guardrails', ['pii']],
    ['policies', ['strict']],
    ['enforced_params', ['user']],
  ])('%s makes the proxy refuse the key where it has no licence', async (name, value) => {
    const { key } = await issued({ [name]: value });
    const { status, text } = await chat(key);
    expect(status).toBeGreaterThanOrEqual(400);
    expect(text).toContain('Enterprise');
  });
});

describe('without an answer', () => {
  it.each(['failures', 'none'] as const)('nobody is let in, and it is a 503: %s', async (left) => {
    const { key } = await issued();
    answers = left;
    try {
      const startedAt = performance.now();
      expect(await chat(key)).toMatchObject({ status: 503, retryAfter: '1' });
      expect(performance.now() - startedAt).toBeLessThan(15_000);
    } finally {
      answers = 'all';
    }
    expect((await chat(key)).status).toBe(200);
  });

  it("nobody is, while the proxy's own key is blocked", async () => {
    const { key } = await issued();
    await block({ key: ownKey });
    expect(await chat(key)).toMatchObject({ status: 503, retryAfter: '1' });
    await unblock({ key: ownKey });
    expect((await chat(key)).status).toBe(200);
  });
});

it('the proxy prints no key', () => {
  expect(output).toContain('This key is not let in');
  expect(output).not.toMatch(/sk-lk_\w{10}/);
});
