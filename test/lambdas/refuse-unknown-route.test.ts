import { describe, expect, it } from 'vitest';
import { routes } from '../../lambdas/shared/http/routes.ts';
import { inProcessService } from '../fakes/service.ts';

const { send } = inProcessService();

describe('refuse-unknown-route', () => {
  it.each([
    '/',
    '/nope',
    '/key',
    '/key/generate/more',
    '//key/generate',
    '/KEY/GENERATE',
    '/key/..',
  ])('answers %s with a 404 in our shape', async (path) => {
    const { status, body } = await send({ method: 'GET', path });
    expect(status).toBe(404);
    expect(body).toEqual({
      error: { message: expect.any(String), type: 'not_found_error', param: null, code: '404' },
    });
    expect(body.error.message).not.toContain(path.slice(1) || 'nope');
  });

  const paths = [...new Set(routes.map(({ path }) => path))];
  it.each(paths)(
    'answers a wrong method on %s with a 405 that names the right ones',
    async (path) => {
      const allowed = routes.filter((route) => route.path === path).map(({ method }) => method);
      const { status, headers, body } = await send({ method: 'PUT', path });
      expect([status, headers['allow']]).toEqual([405, allowed.join(', ')]);
      expect(body.error).toMatchObject({ type: 'method_not_allowed', param: null, code: '405' });
    },
  );

  it.each([
    ['/key/generate/', '/key/generate'],
    ['/key/generate//', '/key/generate'],
    ['/key/info/?key=a%20b&x=1', '/key/info?key=a+b&x=1'],
  ])('redirects %s, method and body kept', async (path, location) => {
    const { status, headers, body } = await send({ path, body: {} });
    expect([status, headers['location'], body]).toEqual([307, location, undefined]);
  });

  it('never redirects to another host', async () => {
    for (const path of ['//evil.example/', '/\\evil.example/', '//evil.example/key/info/']) {
      expect((await send({ method: 'GET', path })).status).toBe(404);
    }
  });

  it('asks for no key: the answer is the same with and without', async () => {
    const plain = await send({ method: 'GET', path: '/nope' });
    const headers = { authorization: 'Bearer sk-1234' };
    expect(await send({ method: 'GET', path: '/nope', headers })).toEqual(plain);
  });
});

describe('check-liveness', () => {
  it.each(['/health/liveliness', '/health/liveness'])(
    'answers on %s without a key',
    async (path) => {
      const { status, body } = await send({ method: 'GET', path });
      expect([status, body]).toEqual([200, "I'm alive!"]);
    },
  );
});
