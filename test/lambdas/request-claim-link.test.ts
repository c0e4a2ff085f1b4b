/** `POST /key/{key}/claim-link`. */
import { describe, expect, it } from 'vitest';
import { startedService } from '../fakes/service.ts';
import { settingsWith } from '../fixtures/settings.ts';
import {
  actionsOf,
  ask,
  askUnder,
  atRest,
  issue,
  recordOf,
  refusalIn,
  rowOf,
  unknownNames,
  untouched,
} from './fixtures/calls.ts';
import { claim, claimLinkOf, mailed, newestToken, owner } from './fixtures/claims.ts';

const { mail } = settingsWith();
const addressed = { user_email: owner };

describe('request-claim-link', () => {
  it('mails a link that shows the key, and says to whom and until when', async () => {
    const service = await startedService();
    const { key, key_id } = await issue(service, { ...addressed, key_alias: 'alpha' });
    const { status, body } = await claimLinkOf(service, key_id);
    expect(status).toBe(200);
    expect(body).toEqual({
      key_id,
      key_alias: 'alpha',
      sent_to: 'a***@example.com',
      expires_at: '2026-11-26T13:50:00.000Z',
    });
    await service.deliver();
    expect(service.mailer.inbox.map(({ to }) => to)).toEqual([owner]);
    expect((await claim(service, newestToken(service))).body.key).toBe(key);
  });

  it('has the link in no answer', async () => {
    const service = await startedService();
    const { key_id } = await issue(service, addressed);
    const { body, headers } = await claimLinkOf(service, key_id);
    await service.deliver();
    const answer = JSON.stringify([body, headers]);
    expect(answer).not.toContain('claim#');
    for (const part of newestToken(service).split('.')) expect(answer).not.toContain(part);
  });

  it('replaces every earlier link to the value, from the answer on', async () => {
    const service = await startedService();
    const { key, key_id, claim: first } = await mailed(service);
    await claimLinkOf(service, key_id);
    expect((await claim(service, first)).body.error.type).toBe('claim_link_replaced');
    await service.deliver();
    const second = newestToken(service);
    await claimLinkOf(service, key_id);
    await service.deliver();
    expect((await claim(service, second)).body.error.type).toBe('claim_link_replaced');
    expect((await claim(service, first)).body.error.type).toBe('claim_link_replaced');
    expect((await claim(service, newestToken(service))).body.key).toBe(key);
  });

  it('leaves the link of a later value alone', async () => {
    const service = await startedService();
    const { key_id } = await mailed(service);
    await claimLinkOf(service, key_id);
    const rotated = await ask(service, { path: '/key/regenerate', body: { key: key_id } });
    await service.deliver();
    expect((await claim(service, newestToken(service))).body.key).toBe(rotated.body.key);
  });

  it('leaves a record with who asked', async () => {
    const service = await startedService();
    const { key_id } = await issue(service, addressed);
    const headers = { 'litellm-changed-by': 'root@example.com' };
    await claimLinkOf(service, key_id, { headers });
    expect(await recordOf(service, key_id)).toMatchObject({
      action: 'claim_link_requested',
      changed_by: 'root@example.com',
      who: { principal: 'master' },
    });
    expect(await actionsOf(service, key_id)).toEqual(['created', 'claim_link_requested']);
    expect(await atRest(service)).toEqual([]);
  });

  it('goes to the user id where that is an address and no other is known', async () => {
    const service = await startedService();
    const { key_id } = await issue(service, { user_id: 'bob@example.com' });
    expect((await claimLinkOf(service, key_id)).body.sent_to).toBe('b***@example.com');
  });

  it.each([
    ['an issued key', {}],
    ['a chosen key', { key: 'sk-chosen-by~somebody!' }],
  ])('finds %s by value, hash and id in the path', async (_, fields) => {
    const service = await startedService();
    const { key, token, key_id } = await issue(service, { ...addressed, ...fields });
    for (const name of [key, token, key_id]) {
      expect((await claimLinkOf(service, name)).status).toBe(200);
    }
  });

  it('sends one mail for a request that is repeated with its Idempotency-Key', async () => {
    const service = await startedService();
    const { key_id } = await issue(service, addressed);
    const headers = { 'idempotency-key': 'once' };
    const first = await claimLinkOf(service, key_id, { headers });
    const second = await claimLinkOf(service, key_id, { headers });
    expect(second).toEqual(first);
    await service.deliver();
    expect(service.mailer.inbox).toHaveLength(1);
  });
});

describe('a link is asked for', () => {
  it('by the owner of a key, and by nobody else but an admin', async () => {
    const service = await startedService();
    const ada = await issue(service, { user_id: owner });
    const other = await issue(service, { user_id: owner });
    const bob = await issue(service, { user_id: 'bob@example.com' });
    const asks = async ({ key }: { readonly key: string }, name: string) =>
      (await claimLinkOf(service, name, { key })).status;
    expect(await asks(ada, other.key_id)).toBe(200);
    expect(await asks(ada, ada.key_id)).toBe(200);
    expect(await asks(bob, ada.key_id)).toBe(403);
    expect(await asks(bob, '0123456789ABCDEFG')).toBe(403);
  });

  it.each([
    ['a viewer', { user_id: owner, user_role: 'internal_user_viewer' }, 401],
    ['an admin viewer', { user_role: 'proxy_admin_viewer' }, 403],
    ['a key for models', { user_id: owner, key_type: 'llm_api' }, 403],
    ['a key for looking', { user_id: owner, key_type: 'read_only' }, 403],
    ['a key for other routes', { user_id: owner, allowed_routes: ['/key/info'] }, 403],
  ])('not by %s', async (_, fields, status) => {
    const service = await startedService();
    const caller = await issue(service, fields);
    const { key_id } = await issue(service, { user_id: owner });
    const answer = await untouched(service, () =>
      claimLinkOf(service, key_id, { key: caller.key }),
    );
    expect(answer.status).toBe(status);
  });

  it('not without a credential', async () => {
    const service = await startedService();
    const { key_id } = await issue(service, addressed);
    const answer = await untouched(service, () => claimLinkOf(service, key_id, { key: '' }));
    expect(answer.status).toBe(401);
  });
});

describe('a request for a link that is refused changes nothing:', () => {
  it.each<[string, object, object, RegExp]>([
    ['no recipient is known', {}, { user_id: 'ada' }, /set user_email/],
    ['e-mail is off', { mail: { ...mail, alerting: false } }, addressed, /E-mail is switched off/],
    [
      'links are off',
      { mail: { ...mail, claimLinkHours: 0 } },
      addressed,
      /links are switched off/,
    ],
    ['keys are not kept', { storeVirtualKeys: false }, addressed, /not kept in this environment/],
    ['its value is not kept', {}, { ...addressed, store_secret: false }, /value .* is not kept/],
    ['it is blocked', {}, { ...addressed, blocked: true }, /unblock/],
    ['it has expired', {}, { ...addressed, duration: '0s' }, /expired/],
  ])('%s', async (_, changes, fields, reason) => {
    const service = await startedService(changes);
    const { key_id } = await issue(service, fields);
    const answer = await untouched(service, () => claimLinkOf(service, key_id));
    expect(refusalIn(answer)).toEqual([400, 'key']);
    expect(answer.body.error.message).toMatch(reason);
  });

  it('the recipient may not get mail any more', async () => {
    const service = await startedService();
    const { key_id } = await issue(service, addressed);
    Object.assign(service.settings, { mail: { ...mail, domains: ['example.org'] } });
    const answer = await untouched(service, () => claimLinkOf(service, key_id));
    expect(refusalIn(answer)).toEqual([400, 'key']);
    expect(answer.body.error.message).toMatch(/domain that may not receive mail/);
    expect(answer.body.error.message).not.toContain(owner);
  });

  it.each([...unknownNames, 'x', 'master', 'sk-1234'])('an unknown key (%s)', async (name) => {
    const service = await startedService();
    const answer = await untouched(service, () => claimLinkOf(service, name));
    expect(refusalIn(answer)).toEqual([404, 'key']);
  });

  it('a deleted key', async () => {
    const service = await startedService();
    const { key_id } = await issue(service, addressed);
    await ask(service, { path: '/key/delete', body: { keys: [key_id] } });
    expect((await untouched(service, () => claimLinkOf(service, key_id))).status).toBe(404);
  });

  it('a step on the key is open', async () => {
    const service = await startedService();
    const { key_id } = await issue(service, addressed);
    service.secrets.trouble('unanswered', 'unanswered');
    await ask(service, { path: '/key/regenerate', body: { key: key_id } });
    const answer = await untouched(service, () => claimLinkOf(service, key_id));
    expect([answer.status, answer.headers['retry-after']]).toEqual([409, '5']);
    expect(rowOf(service, key_id).event.action).toBe('created');
  });

  it('the table is throttled', async () => {
    const service = await startedService();
    const { key_id } = await issue(service, addressed);
    const plan = new Map([[2, 'error-before']] as const);
    const asked = { path: `/key/${key_id}/claim-link` };
    const answer = await untouched(service, () => askUnder(service, plan, asked));
    expect([answer.status, answer.headers['retry-after']]).toEqual([503, '2']);
  });
});
