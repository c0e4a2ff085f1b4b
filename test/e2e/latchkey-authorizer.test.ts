/** The sample API of `examples/http-api`, deployed beside the service: each request asks the real one. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest';
import { deploy } from '../../scripts/local/deploy.ts';
import { projectDir } from '../../scripts/local/project.ts';
import { block, issued, regenerate, unblock } from './api-client.ts';
import { rowOf } from './local-aws.ts';

const { endpoint, guardUrl, baseUrl } = inject('deployed');

describe('an API behind the authorizer', () => {
  const workDir = mkdtempSync(join(tmpdir(), 'latchkey-http-api-'));
  let url: string;
  let ownKey: string;

  beforeAll(async () => {
    const own = await issued({ key_alias: 'http-api/own', key_type: 'read_only' });
    ownKey = own.key;
    const row = await rowOf(own.key_id);
    const outputs = await deploy({
      endpoint,
      guardUrl,
      baseUrl,
      workDir,
      log: () => undefined,
      app: join(projectDir, 'examples', 'http-api'),
      context: { latchkeyUrl: baseUrl, ownKeySecretArn: String(row['secretArn']) },
    });
    url = `${endpoint}/_aws/execute-api/${outputs['ApiId']}/$default/`;
  }, 120_000);
  afterAll(() => rmSync(workDir, { recursive: true, force: true }));

  const sent = async (key?: string) => {
    const headers: Record<string, string> =
      key === undefined ? {} : { authorization: `Bearer ${key}` };
    const response = await fetch(url, { headers });
    return { status: response.status, body: await response.json() };
  };

  it('lets a good key in and knows whose it is', async () => {
    const key = await issued({ user_id: 'ada', models: ['gpt-4o'], rpm_limit: 10 });
    expect(await sent(key.key)).toMatchObject({
      status: 200,
      body: { key_id: key.key_id, user_id: 'ada', models: ['gpt-4o'], rpm_limit: 10 },
    });
  });

  it('refuses a blocked key with the next request, and none or an unknown one', async () => {
    const { key } = await issued();
    expect((await sent(key)).status).toBe(200);
    await block({ key });
    expect((await sent(key)).status).toBe(403);
    await unblock({ key });
    expect((await sent(key)).status).toBe(200);
    expect((await sent()).status).toBe(401);
    expect((await sent('sk-unknown')).status).toBe(403);
  });

  it('answers 500, and not that a key is bad, while its own is blocked', async () => {
    const { key } = await issued();
    await block({ key: ownKey });
    expect((await sent(key)).status).toBe(500);
    await unblock({ key: ownKey });
    expect((await sent(key)).status).toBe(200);
  });

  it('goes on at once after a rotation of its own key', async () => {
    const { key } = await issued();
    expect((await sent(key)).status).toBe(200);
    expect((await regenerate({ key: ownKey, grace_period: '0s' })).status).toBe(200);
    expect((await sent(key)).status).toBe(200);
  });
});
