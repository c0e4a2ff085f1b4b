/** One key's birth on the deployed stack, seen in every place that it must, or must not, leave a trace. */
import { describe, expect, it } from 'vitest';
import { issuedKeyAnswer, keyInfoAnswer } from '../../lambdas/shared/http/key-schema.ts';
import { sha256 } from './agreement.ts';
import { generate, info, send } from './api-client.ts';
import { auditOf, eventually, itemOf, itemsOf, mailsTo, outputOf, secretOf } from './local-aws.ts';
import { trailOf } from './trail.ts';

describe('a key is born', async () => {
  const { status, body, headers } = await generate({
    key_alias: 'birth/first',
    max_budget: 10,
    budget_duration: '30d',
    duration: '7d',
    user_id: 'ada',
    team_id: 'engines',
    user_email: 'ada@example.com',
    send_invite_email: true,
    metadata: { purpose: 'test' },
  });

  it('answers 200 in the documented shape', () => {
    expect(status).toBe(200);
    expect(headers.get('content-type')).toBe('application/json');
    expect(issuedKeyAnswer.parse(body)).toEqual(body);
  });

  it('stores the hash and no plaintext', async () => {
    const row = await itemOf('KeysTableName', { pk: `KEY#${body.key_id}` });
    expect(row).toMatchObject({
      status: 'active',
      alias: 'birth/first',
      cur: { hash: sha256(body.key) },
      intent: null,
      seq: 1,
      secretName: 'litellm/birth/first',
    });
  });

  it('mirrors the key in Secrets Manager under its alias, with its tags', async () => {
    const row = await itemOf('KeysTableName', { pk: `KEY#${body.key_id}` });
    const secret = await secretOf('litellm/birth/first');
    expect(secret?.value).toBe(body.key);
    expect(row).toMatchObject({ cur: { ver: secret?.versionId } });
    expect(secret?.tags).toMatchObject({
      'latchkey:env': 'local',
      key_id: body.key_id,
      user_id: 'ada',
      team_id: 'engines',
    });
  });

  it('writes one audit record whose digest and chain verify', async () => {
    const row = await itemOf('KeysTableName', { pk: `KEY#${body.key_id}` });
    const [record, ...more] = await trailOf(body.key_id, body.key);
    expect(more).toEqual([]);
    expect(record).toMatchObject({
      action: 'created',
      changed_by: 'default_user_id',
      who: { changed_by_api_key: 'litellm_proxy_master_key', principal: 'master' },
      object_id: body.token,
      before: null,
      after: row?.['key'],
    });
  });

  it('mails the owner once, without key or hash', async () => {
    const [mail, ...more] = await eventually(async () => {
      const found = await mailsTo('ada@example.com');
      return found.length > 0 ? found : null;
    });
    expect(more).toEqual([]);
    expect(mail?.Subject).toMatch(/^Latchkey: API Key Created: /);
    for (const text of [mail?.BodyText ?? '', mail?.BodyHtml ?? '']) {
      expect(text).toContain('birth/first');
      expect(text).toContain(body.key_id);
      expect(text).not.toContain(body.key);
      expect(text).not.toContain(body.token);
    }
  });

  it('shows the key to its holder and to the admin, by value, hash and key id', async () => {
    const self = await send({
      path: '/key/info',
      headers: { authorization: `Bearer ${body.key}` },
    });
    expect(self.status).toBe(200);
    expect(keyInfoAnswer.parse(self.body)).toEqual(self.body);
    for (const identifier of [body.key, body.token, body.key_id]) {
      const found = await info(identifier);
      expect(found.status).toBe(200);
      expect(found.body.info).toEqual(self.body.info);
    }
  });

  it('leaves the plaintext in no table', async () => {
    await eventually(async () => ((await auditOf(body.key_id)).length > 0 ? true : null));
    const tables = [
      'KeysTableName',
      'AuditTableName',
      'NoticesTableName',
      'IdempotencyTableName',
    ] as const;
    for (const table of tables) {
      expect(JSON.stringify(await itemsOf(table)), table).not.toContain(body.key);
    }
    expect(JSON.stringify(await itemsOf('KeysTableName'))).toContain(body.token);
  });

  it('names its stores in outputs', () => {
    expect(outputOf('ApiUrl')).toMatch(/^http/);
    expect(outputOf('AdminKeyCommand')).toContain('latchkey/local/master-key');
  });
});
