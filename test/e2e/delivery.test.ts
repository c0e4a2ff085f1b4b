/** What becomes of a mail, told to the deployed stack through its topic; and the mail switches. */
import { afterEach, describe, expect, it } from 'vitest';
import { sesEvents, sesGreeting } from '../fixtures/ses-events.ts';
import { generate, masterKey, send } from './api-client.ts';
import { auditOf, eventually, invoke, itemOf, mailsTo, outputOf, putItem } from './local-aws.ts';
import { publish } from './published.ts';
import { settledBirth } from './recorded-writes.ts';

const headers = { authorization: `Bearer ${masterKey}` };

/** A key whose mail SES has taken. */
async function mailed(user_email: string) {
  const { body } = await generate({ user_email, send_invite_email: true });
  const notice = await eventually(async () => {
    const item = await itemOf('NoticesTableName', { pk: `KEY#${body.key_id}` });
    return item?.['state'] === 'sent' ? item : undefined;
  });
  return { keyId: String(body.key_id), noticeId: String(notice['notice_id']) };
}

async function statusOf(keyId: string) {
  const { body } = await send({ path: `/key/info?key=${keyId}`, headers });
  return body.info.notification_status;
}

const tell = (event: object) => publish(JSON.stringify(event));
const until = (keyId: string, state: string) =>
  eventually(async () => {
    const status = await statusOf(keyId);
    return status?.state === state ? status : undefined;
  });

describe('a mail, followed through the topic', () => {
  it('is shown with its key, from sent over delivered to bounced, and never back', async () => {
    const { keyId, noticeId } = await mailed('followed@example.com');
    expect(await statusOf(keyId)).toMatchObject({ event: 'key_created', state: 'sent' });
    await tell(sesEvents.delivery(noticeId));
    expect(await until(keyId, 'delivered')).toEqual({
      event: 'key_created',
      state: 'delivered',
      at: '2016-10-19T23:21:04.133Z',
    });
    await Promise.all([
      tell(sesEvents.bounce(noticeId, 'followed@example.com')),
      tell(sesEvents.bounce(noticeId, 'followed@example.com')),
      tell(sesEvents.send(noticeId)),
    ]);
    expect(await until(keyId, 'bounced')).toMatchObject({
      reason: 'Permanent General smtp; 550 5.1.1 user unknown',
    });
    const aboutIt = await eventually(async () => {
      const found = (await mailsTo('team@localhost.example')).filter(({ BodyText }) =>
        BodyText.includes(keyId),
      );
      return found.length === 0 ? undefined : found;
    });
    expect(aboutIt).toHaveLength(1);
    expect(aboutIt[0]?.BodyText).toContain(
      'came back from followed@example.com: Permanent General',
    );
    const { noticeId: last } = await mailed('last@example.com');
    await tell(sesEvents.send(noticeId));
    await tell(sesEvents.delivery(last));
    expect(await statusOf(keyId)).toMatchObject({ state: 'bounced' });
    const bounces = await eventually(async () => {
      const records = (await auditOf(keyId)).filter(({ action }) => action === 'mail_bounced');
      return records.length === 0 ? undefined : records;
    });
    expect(bounces).toMatchObject([{ changed_by: 'system', who: { principal: 'system' } }]);
  });

  it('is followed past what is no event, and past mails that nobody knows', async () => {
    const { keyId, noticeId } = await mailed('past@example.com');
    await publish('no JSON');
    await publish(sesGreeting);
    await tell(sesEvents.bounce('nobody-knows'));
    await tell(sesEvents.complaint(noticeId));
    expect(await until(keyId, 'complained')).toMatchObject({ reason: 'abuse' });
  });
});

describe('a parked mail', () => {
  it('is sent by the schedule, once', async () => {
    const record = await settledBirth('parked@example.com', 'notice-parked');
    const keyId = record.dynamodb.Keys.pk.S.slice('KEY#'.length);
    const notify = { event: 'key_created', to: 'parked@example.com' };
    await putItem('NoticesTableName', {
      pk: 'NOTICE#notice-parked',
      notice_id: 'notice-parked',
      key_id: keyId,
      event: 'key_created',
      rev: 9,
      state: 'parked',
      rank: 0,
      at: '2026-11-25T00:00:00.000Z',
      due: JSON.stringify({ id: 'notice-parked', event: 'key_created', notify }),
      parked_pk: 'PARKED',
      parked_sk: '2026-11-25T00:30:00.000Z#notice-parked',
    });
    // The stream has no business with it any more.
    const email = outputOf('EmailFunctionName');
    expect(await invoke(email, { Records: [record] })).toEqual({ batchItemFailures: [] });
    expect(await mailsTo('parked@example.com')).toHaveLength(0);
    await invoke(email, { source: 'aws.events' });
    await invoke(email, { source: 'aws.events' });
    expect(await mailsTo('parked@example.com')).toHaveLength(1);
    expect(await statusOf(keyId)).toMatchObject({ event: 'key_created', state: 'sent' });
  });
});

describe('the mail switches', () => {
  const path = '/email/event_settings';
  const created = (enabled: boolean) => ({
    settings: [{ event: 'Virtual Key Created', enabled }],
  });
  afterEach(() => send({ method: 'POST', path: `${path}/reset`, headers }));

  it('switch a mail off, and on again', async () => {
    const off = await send({ method: 'PATCH', path, headers, body: created(false) });
    expect(off).toMatchObject({ status: 200, body: { updated_by: 'master' } });
    expect((await send({ path, headers })).body).toEqual(off.body);
    const { body } = await generate({ user_email: 'off@example.com', send_invite_email: true });
    expect(await until(body.key_id, 'switched_off')).toMatchObject({ event: 'key_created' });
    expect(await mailsTo('off@example.com')).toHaveLength(0);
    const reset = await send({ method: 'POST', path: `${path}/reset`, headers });
    expect(reset.body.settings.every(({ enabled }: { enabled: boolean }) => enabled)).toBe(true);
  });

  it('answer a repeat with the first answer, and are for admins', async () => {
    const once = { ...headers, 'idempotency-key': 'switch-once' };
    const first = await send({ method: 'PATCH', path, headers: once, body: created(false) });
    await send({ method: 'PATCH', path, headers, body: created(true) });
    const again = await send({ method: 'PATCH', path, headers: once, body: created(false) });
    expect(again.body).toEqual(first.body);
    expect((await send({ path, headers })).body.settings[0]).toEqual({
      event: 'Virtual Key Created',
      enabled: true,
    });
    const { body } = await generate({ user_id: 'ada' });
    const own = { authorization: `Bearer ${body.key}` };
    expect((await send({ path, headers: own })).status).toBe(403);
    expect((await send({ method: 'PATCH', path, headers: own, body: created(false) })).status).toBe(
      403,
    );
  });
});
