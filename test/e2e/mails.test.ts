/** Every mail that can be caused on the deployed stack, as it arrives. */
import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { afterAll, describe, expect, inject, it } from 'vitest';
import { visibleText } from '../lambdas/fixtures/visible-text.ts';
import { sha256 } from './agreement.ts';
import { block, bulkUpdate, issued, regenerate, remove, unblock, update } from './api-client.ts';
import { eventually, invoke, mailsTo, outputOf, rowOfAlias } from './local-aws.ts';
import { actionsOf } from './trail.ts';

const dayMs = 86_400_000;
const { endpoint, region, credentials } = inject('deployed');
const folder = mkdtempSync(join(tmpdir(), 'latchkey-mails-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const titleOf = ({ Subject }: { readonly Subject: string }) =>
  Subject.replace(/^Latchkey: /, '').replace(/: .*$/, '');

/** All mails to an address, once there are so many. */
const mailsOnce = (address: string, count: number) =>
  eventually(async () => {
    const found = await mailsTo(address);
    return found.length >= count ? found : null;
  }, 20_000);

/** Both parts of a mail, without a key or a hash in them. */
function partsOf(mail: Awaited<ReturnType<typeof mailsTo>>[number], ...values: string[]): string[] {
  for (const part of [mail.Subject, mail.BodyHtml, mail.BodyText]) {
    for (const value of values) expect(part).not.toContain(value);
    expect(part).not.toMatch(/[0-9a-f]{64}|sk-(?!\.\.\.)/i);
  }
  return [visibleText(mail.BodyHtml), mail.BodyText];
}

describe('the owner of a key', async () => {
  const to = 'life@example.com';
  const key = await issued({
    key_alias: 'mails/life',
    user_email: to,
    user_id: 'life',
    max_budget: 10,
    budget_duration: '30d',
    send_invite_email: true,
  });
  await mailsOnce(to, 1);
  await update({ key: key.key_id, spend: 8.5 });
  await mailsOnce(to, 2);
  const rotated = await regenerate({ key: key.key_id, grace_period: '1h' });
  await mailsOnce(to, 3);
  await block({ key: key.key_id });
  await mailsOnce(to, 4);
  await unblock({ key: key.key_id });
  await remove({ keys: [key.key_id] });
  const mails = await mailsOnce(to, 5);

  it('is mailed about each step of its life, once, and not about an unblock', () => {
    expect(mails.map(titleOf)).toEqual([
      'API Key Created',
      'API Key Budget 85% Used',
      'API Key Rotated',
      'API Key Blocked',
      'API Key Deleted',
    ]);
  });

  it.each([
    [0, ['was created for you', '$10.00 per 30 days', 'in the secret litellm/mails/life']],
    [1, ['has spent $8.50 of its budget of $10.00 per 30 days']],
    [2, ['has a new value', 'The old value is let in until', 'UTC']],
    [3, ['was blocked by an administrator']],
    [4, ['was deleted by an administrator']],
  ] as const)('has in both parts of mail %i what it is about, and no value', (index, said) => {
    const mail = mails[index];
    if (mail === undefined) throw new Error('No mail');
    for (const part of partsOf(mail, key.key, key.token, String(rotated.body.key))) {
      for (const words of ['mails/life', key.key_id, ...said]) expect(part).toContain(words);
    }
  });
});

it('each owner of many keys is told, of a bulk update and of one delete', async () => {
  const owners = [1, 2, 3].map((index) => `bulk-${index}@example.com`);
  const keys = await Promise.all(
    owners.map((user_id) => issued({ user_id, max_budget: 100, spend: 9.6 })),
  );
  await bulkUpdate({ keys: keys.map(({ key_id }) => ({ key: key_id, max_budget: 10 })) });
  await remove({ keys: keys.map(({ key_id }) => key_id) });
  for (const owner of owners) {
    const mails = await mailsOnce(owner, 2);
    expect(mails.map(titleOf)).toEqual(['API Key Budget 96% Used', 'API Key Deleted']);
  }
});

it('strange names come as text, in one line', async () => {
  const to = 'strange@example.com';
  const key = await issued({
    key_alias: '<b>mails</b> \u202e at https://evil.example',
    user_email: to,
  });
  await block({ key: key.key_id });
  const [mail] = await mailsOnce(to, 1);
  expect(mail?.Subject).toBe(
    'Latchkey: API Key Blocked: <b>mails</b>  at https[:]//evil[.]example',
  );
  expect(mail?.BodyHtml).toContain('&lt;b&gt;mails&lt;/b&gt;  at https[:]//evil[.]example');
  await remove({ keys: [key.key_id] });
});

describe('a key that expires in six days', async () => {
  const to = 'expiring@example.com';
  const alias = 'mails/expiring';
  const value = 'sk-0ldV4lue_expiring-fromLiteLLM';
  const path = join(folder, 'keys.jsonl');
  writeFileSync(
    path,
    JSON.stringify({
      token: sha256(value),
      key_name: 'sk-...eLLM',
      key_alias: alias,
      user_id: to,
      spend: 0,
      models: [],
      metadata: {},
      expires: new Date(Date.now() + 6 * dayMs).toISOString(),
      created_at: '2026-01-02T03:04:05.678000Z',
      created_by: 'default_user_id',
    }),
  );
  const args = ['--env=prod', `--keys-table=${outputOf('KeysTableName')}`, path, '--apply'];
  execFileSync(process.execPath, ['scripts/import.ts', ...args, '--as=ops'], {
    cwd: resolve(import.meta.dirname, '../..'),
    env: {
      PATH: process.env['PATH'],
      AWS_ENDPOINT_URL_DYNAMODB: endpoint,
      AWS_REGION: region,
      AWS_ACCESS_KEY_ID: credentials.accessKeyId,
      AWS_SECRET_ACCESS_KEY: credentials.secretAccessKey,
    },
  });
  const run = () => invoke(outputOf('ReconcilerFunctionName'), {});
  // Two at once, as a schedule may have it, until one of them has found the row.
  const row = await eventually(async () => {
    await Promise.all([run(), run()]);
    const found = await rowOfAlias(alias);
    return found['reminder'] === undefined ? null : found;
  }, 20_000);

  it('has its owner told once, without a record of it', async () => {
    const [mail] = await mailsOnce(to, 1);
    if (mail === undefined) throw new Error('No mail');
    expect(titleOf(mail)).toBe('API Key Expires in 6 Days');
    for (const part of partsOf(mail, value)) expect(part).toContain('expires in 6 days, on');
    await run();
    await run();
    expect(await mailsTo(to)).toHaveLength(1);
    expect(row['reminder']).toMatchObject({ days: 7, to });
    expect((await rowOfAlias(alias))['rev']).toBe(row['rev']);
    expect(await actionsOf(String(row['keyId']))).toEqual(['imported']);
  });

  it('has its owner told of the next mark when the expiry comes nearer', async () => {
    await update({ key: String(row['keyId']), duration: '20h' });
    const mails = await eventually(async () => {
      await run();
      const found = await mailsTo(to);
      return found.length > 1 ? found : null;
    }, 20_000);
    expect(mails.map(titleOf)).toEqual([
      'API Key Expires in 6 Days',
      'API Key Expires Within a Day',
    ]);
  });
});
