/** From the mail to the key and back, on the deployed stack. */
import { describe, expect, inject, it } from 'vitest';
import { sha256 } from './agreement.ts';
import {
  block,
  claim,
  issued,
  masterKey,
  regenerate,
  remove,
  requestClaimLink,
  unblock,
  verify,
} from './api-client.ts';
import {
  eventually,
  fault,
  faultTables,
  itemOf,
  itemsOf,
  mailsTo,
  putItem,
  rowOf,
} from './local-aws.ts';
import { trailOf } from './trail.ts';

const { baseUrl } = inject('deployed');

/** The tokens of the links in the mails to an address, once there are so many, oldest first. */
const tokensTo = (address: string, count: number) =>
  eventually(async () => {
    const found = (await mailsTo(address)).flatMap(
      ({ BodyText }) => /\/claim#(\S+)/.exec(BodyText)?.[1] ?? [],
    );
    return found.length >= count ? found : null;
  });

async function mailed(address: string, body: object = {}) {
  const key = await issued({ user_email: address, send_invite_email: true, ...body });
  const [token = ''] = await tokensTo(address, 1);
  return { ...key, claim: token };
}

const linkOf = (token: string) =>
  itemOf('NoticesTableName', { pk: `CLAIM#${token.split('.')[0]}` });

describe('a claim link', async () => {
  const address = 'claims@example.com';
  const key = await mailed(address, { key_alias: 'claim/first' });

  it('leads from the mail to a page, which spends nothing', async () => {
    const [mail] = await mailsTo(address);
    expect(mail?.BodyText).toContain(`${baseUrl}/claim#${key.claim}`);
    for (const method of ['GET', 'HEAD', 'GET']) await fetch(`${baseUrl}/claim`, { method });
    const page = await fetch(`${baseUrl}/claim?x=${key.claim}`);
    expect(page.status).toBe(200);
    expect(page.headers.get('content-type')).toBe('text/html; charset=utf-8');
    expect(page.headers.get('content-security-policy')).toContain("default-src 'none'");
    expect(page.headers.get('referrer-policy')).toBe('no-referrer');
    expect(await page.text()).toContain('Show my key');
    expect(await linkOf(key.claim)).toMatchObject({ state: 'unused' });
  });

  it('is stored as a hash', async () => {
    expect(await linkOf(key.claim)).toMatchObject({
      token_hash: sha256(key.claim),
      key_id: key.key_id,
      hash: sha256(key.key),
    });
    const stored = JSON.stringify([
      ...(await itemsOf('NoticesTableName')),
      await rowOf(key.key_id),
    ]);
    expect(stored).not.toContain(key.claim.split('.')[1]);
    expect(stored).not.toContain(key.key);
  });

  it('shows the key, which is good', async () => {
    const { status, body } = await claim(key.claim);
    expect(status).toBe(200);
    expect(body).toEqual({
      key: key.key,
      key_id: key.key_id,
      key_alias: 'claim/first',
      base_url: baseUrl,
      expires: null,
    });
    expect((await verify({ key: body.key })).body.valid).toBe(true);
  });

  it('shows it once: then it is a 410, a record, and a mail to the owner', async () => {
    const again = await claim(key.claim);
    expect([again.status, again.body.error.type]).toEqual([410, 'claim_link_used']);
    const records = await trailOf(key.key_id, key.key);
    expect(records.map(({ action }) => action)).toEqual(['created', 'claimed', 'claim_reused']);
    expect(records[1]).toMatchObject({ changed_by: 'claim_link' });
    await eventually(async () =>
      (await mailsTo(address)).find(({ Subject }) => Subject.includes('Used Twice')),
    );
  });

  it('is sent anew by an admin, and shows the key again', async () => {
    const asked = await requestClaimLink(key.key_id, masterKey, {
      'idempotency-key': 'claim-anew',
    });
    expect(asked.status).toBe(200);
    expect(asked.body).toMatchObject({ key_id: key.key_id, sent_to: 'c***@example.com' });
    const [, token = ''] = await tokensTo(address, 2);
    expect((await claim(token)).body.key).toBe(key.key);
    expect((await claim(token)).status).toBe(410);
  });
});

describe('a claim link that is asked for', async () => {
  const address = 'asking@example.com';
  const key = await mailed(address, { user_id: address });

  it('by its owner, replaces the one before', async () => {
    expect((await requestClaimLink(key.key_id, key.key)).status).toBe(200);
    expect((await claim(key.claim)).body.error.type).toBe('claim_link_replaced');
    const [, token = ''] = await tokensTo(address, 2);
    expect((await claim(token)).body.key).toBe(key.key);
  });

  it('is refused to others, and where there is nobody to mail', async () => {
    const other = await issued({ user_id: 'someone' });
    expect((await requestClaimLink(key.key_id, other.key)).status).toBe(403);
    expect((await requestClaimLink(other.key_id)).body.error.message).toContain('set user_email');
    expect((await requestClaimLink('0123456789ABCDEFG')).status).toBe(404);
  });
});

describe('a claim link shows nothing', async () => {
  it('with a token that is none', async () => {
    const { claim: token } = await mailed('none@example.com');
    const wrong = `${token.split('.')[0]}.${'0'.repeat(27)}`;
    const answers = await Promise.all(['', 'x', wrong, 'sk-1234'].map(claim));
    expect(new Set(answers.map(({ body }) => JSON.stringify(body))).size).toBe(1);
    expect(answers.map(({ status }) => status)).toEqual([404, 404, 404, 404]);
    expect(await linkOf(token)).toMatchObject({ state: 'unused' });
  });

  it('of a key that was rotated, blocked or deleted since', async () => {
    const key = await mailed('changed@example.com');
    await block({ key: key.key_id });
    expect((await claim(key.claim)).body.error.type).toBe('key_blocked');
    await unblock({ key: key.key_id });
    await regenerate({ key: key.key_id });
    expect((await claim(key.claim)).body.error.type).toBe('key_rotated');
    await remove({ keys: [key.key_id] });
    expect((await claim(key.claim)).body.error.type).toBe('key_deleted');
  });

  it('after its time', async () => {
    const { claim: token } = await mailed('past-the-end@example.com');
    const link = await linkOf(token);
    await putItem('NoticesTableName', { ...link, expires_at: '2026-01-01T00:00:00.000Z' });
    expect((await claim(token)).body.error.type).toBe('claim_link_expired');
  });
});

describe('of claims at once', () => {
  it('one is shown the key', async () => {
    const key = await mailed('many@example.com');
    const answers = await Promise.all(Array.from({ length: 6 }, () => claim(key.claim)));
    expect(answers.filter(({ status }) => status === 200).map(({ body }) => body.key)).toEqual([
      key.key,
    ]);
    const records = await trailOf(key.key_id, key.key);
    expect(records.filter(({ action }) => action === 'claimed')).toHaveLength(1);
  });
});

describe('a claim in trouble', () => {
  it('leaves the link as it is where the tables are throttled', async () => {
    const key = await mailed('throttled@example.com');
    await faultTables('TransactWriteItems', 'throttle', key.key_id, 9);
    const answer = await claim(key.claim);
    expect(answer.status).toBe(503);
    expect(answer.headers.get('retry-after')).not.toBeNull();
    expect(await linkOf(key.claim)).toMatchObject({ state: 'unused' });
  });

  it('uses the link up where the secret cannot be read, and another one shows the key', async () => {
    const address = 'unread@example.com';
    const key = await mailed(address, { key_alias: 'claim/unread' });
    await fault('GetSecretValue', 'throttle', 'claim/unread', 2);
    const answer = await claim(key.claim);
    expect([answer.status, answer.body.error.type]).toEqual([410, 'claim_link_used']);
    expect(answer.body.error.message).toContain('nobody was shown it');
    await requestClaimLink(key.key_id);
    const [, token = ''] = await tokensTo(address, 2);
    expect((await claim(token)).body.key).toBe(key.key);
  });
});
