/** The page of `npm start`, on the stack that it deploys. */
import { request } from 'node:http';
import { expect, inject, it } from 'vitest';
import { issued, remove } from './api-client.ts';
import { eventually } from './local-aws.ts';

const { baseUrl } = inject('deployed');
const shown = async (path: string) => (await fetch(baseUrl + path)).text();

it('shows a key, its records and its mails soon after the calls', async () => {
  const key = await issued({
    key_alias: 'local-page',
    user_email: 'local-page@example.com',
    send_invite_email: true,
  });
  await remove({ keys: [key.key_id] });
  const page = await eventually(async () => {
    const part = await shown('/_local/part');
    const isWhole =
      ['created', 'deleted'].every((action) => part.includes(`<b>${action}</b><br>local-page`)) &&
      part.includes('API Key Deleted: local-page');
    return isWhole ? part : null;
  }, 20_000);
  expect(page).toMatch(/local-page [^\n]*<b class="bad">deleted<\/b>/);

  const [, mail] = /href="(\S+)">[^<]*API Key Created: local-page/.exec(page) ?? [];
  const text = await shown(mail ?? '');
  expect(text).toContain('<dd>local-page@example.com</dd>');
  for (const all of [page, text]) {
    expect(all).not.toContain(key.key);
    expect(all).not.toContain(key.token);
  }
});

/** With a Host header that fetch would not send. */
const statusAs = (host: string) =>
  new Promise((resolve, reject) => {
    const outgoing = request(`${baseUrl}/_local`, { headers: { host } }, (incoming) => {
      incoming.resume();
      resolve(incoming.statusCode);
    });
    outgoing.on('error', reject);
    outgoing.end();
  });

it('is for names of this machine alone, and to be read', async () => {
  expect(await statusAs('localhost:4000')).toBe(200);
  expect(await statusAs('evil.example')).toBe(403);
  expect((await fetch(`${baseUrl}/_local`, { method: 'POST' })).status).toBe(405);
});
