/** The authorizer of other HTTP APIs, over the real verify handler. */
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { describe, expect, it, vi } from 'vitest';
import { authorizeRequest } from '../../lambdas/authorize-request/handler.ts';
import { startedService } from '../fakes/service.ts';
import { listening, served } from '../fixtures/served.ts';
import { ask, type Born, issue } from './fixtures/calls.ts';

async function started() {
  const service = await startedService();
  const own = await issue(service, { key_type: 'read_only' });
  const ownKey = vi.fn(async (_wasRefused: boolean) => own.key);
  const latchkeyUrl = await served(service);
  const authorize = authorizeRequest({ latchkeyUrl, ownKey, send: fetch, limitMs: 5000 });
  return { service, own, ownKey, letIn: (sent: string) => authorize({ identitySource: [sent] }) };
}

const denied = { isAuthorized: false, context: {} };

describe('a good key', () => {
  it('is let in, and the API is told whose it is and what its limits are', async () => {
    const { service, letIn } = await started();
    const fields = {
      user_id: 'ada',
      team_id: 'shop',
      models: ['gpt-4o'],
      allowed_routes: ['llm_api_routes'],
      spend: 1.5,
      max_budget: 5,
      tpm_limit: 1000,
      rpm_limit: 10,
      max_parallel_requests: 2,
    };
    const { key, key_id } = await issue(service, { ...fields, duration: '1h' });
    expect(await letIn(`Bearer ${key}`)).toEqual({
      isAuthorized: true,
      context: { ...fields, key_id, expires: expect.stringMatching(/Z$/) },
    });
  });

  it('is let in bare, and what is not set is left out: API Gateway has no null', async () => {
    const { service, letIn } = await started();
    const { key, key_id } = await issue(service);
    expect(await letIn(key)).toEqual({
      isAuthorized: true,
      context: { key_id, models: [], allowed_routes: [], spend: 0 },
    });
  });

  it('is let in with its former value, in a grace period', async () => {
    const { service, letIn } = await started();
    const { key } = await issue(service);
    await ask(service, { path: '/key/regenerate', body: { key, grace_period: '1h' } });
    expect(await letIn(key)).toMatchObject({ isAuthorized: true });
  });
});

describe('a key that is denied', () => {
  it.each<[string, (key: Born) => [path: string, body: object]]>([
    ['blocked', ({ key }) => ['/key/block', { key }]],
    ['deleted', ({ key }) => ['/key/delete', { keys: [key] }]],
    ['rotated away', ({ key }) => ['/key/regenerate', { key }]],
    ['expired', ({ key }) => ['/key/update', { key, duration: '0s' }]],
  ])('was let in until it was %s', async (_, change) => {
    const { service, letIn } = await started();
    const born = await issue(service);
    expect(await letIn(born.key)).toMatchObject({ isAuthorized: true });
    const [path, body] = change(born);
    expect(await ask(service, { path, body })).toMatchObject({ status: 200 });
    expect(await letIn(born.key)).toEqual(denied);
  });

  it.each(['', 'Bearer ', 'Basic eDp5', 'sk-unknown', 'sk-lk_malformed'])(
    'is none: %j',
    async (sent) => {
      const { letIn } = await started();
      expect(await letIn(sent)).toEqual(denied);
    },
  );

  it('is for Latchkey alone', async () => {
    const { service, own, letIn } = await started();
    const { key } = await issue(service, { key_type: 'management' });
    for (const sent of [own.key, key]) expect(await letIn(sent)).toEqual(denied);
  });
});

describe("the API's own key", () => {
  it('is read anew where it was rotated, within the same request', async () => {
    const { service, own, ownKey, letIn } = await started();
    const { key } = await issue(service);
    const { body } = await ask(service, { path: '/key/regenerate', body: { key: own.key } });
    ownKey.mockImplementation(async (wasRefused) => (wasRefused ? body.key : own.key));
    expect(await letIn(key)).toMatchObject({ isAuthorized: true });
    expect(ownKey.mock.calls).toEqual([[false], [true]]);
  });

  it('is not read anew for a key of the callers', async () => {
    const { letIn, ownKey } = await started();
    await letIn('sk-unknown');
    expect(ownKey.mock.calls).toEqual([[false]]);
  });

  it('makes no key bad where it is blocked, or may not ask', async () => {
    const { service, own, ownKey, letIn } = await started();
    const { key } = await issue(service);
    await ask(service, { path: '/key/block', body: { key: own.key } });
    await expect(letIn(key)).rejects.toThrow('Latchkey answered 401');
    const plain = await issue(service);
    ownKey.mockResolvedValue(plain.key);
    await expect(letIn(key)).rejects.toThrow('Latchkey answered 403');
  });
});

describe('without an answer', () => {
  const asking = (latchkeyUrl: string) =>
    authorizeRequest({ latchkeyUrl, ownKey: async () => 'sk-own', send: fetch, limitMs: 200 })({
      identitySource: ['Bearer sk-callers'],
    });
  const answered = (status: number, body: string, headers = {}) =>
    listening(createServer((_, outgoing) => outgoing.writeHead(status, headers).end(body)));

  it.each([
    ['a 500', 500, '{}'],
    ['a 503', 503, '{"valid":true}'],
    ['no JSON', 200, '<html>'],
    ['another answer', 200, '{"valid":"true"}'],
    ['a key of which nothing is told', 200, '{"valid":true,"reason":"valid"}'],
  ])('nobody is let in and nobody denied: %s', async (_, status, body) => {
    await expect(asking(await answered(status, body))).rejects.toThrow(Error);
  });

  it('nobody is, and no key goes elsewhere', async () => {
    const asked = vi.fn((_: IncomingMessage, outgoing: ServerResponse) => outgoing.end('{}'));
    const location = await listening(createServer(asked));
    await expect(asking(await answered(307, '', { location }))).rejects.toThrow('fetch failed');
    expect(asked).not.toHaveBeenCalled();
    await expect(asking('http://127.0.0.1:1')).rejects.toThrow('fetch failed');
  });

  it('waits no longer than it may, and tells neither key in its error', async () => {
    const hanging = await listening(createServer(() => undefined));
    const startedAt = performance.now();
    const error = await asking(hanging).catch((thrown: unknown) => thrown);
    expect(performance.now() - startedAt).toBeLessThan(5000);
    expect(error).toMatchObject({ name: 'TimeoutError' });
    expect(error instanceof Error ? error.stack : '').not.toMatch(/sk-/);
  });
});
