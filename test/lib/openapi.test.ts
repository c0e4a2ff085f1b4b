/** The OpenAPI document against the list of routes and the stack that is deployed. */
import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { describe, expect, it } from 'vitest';
import { routes } from '../../lambdas/shared/http/routes.ts';
import { plain, resourcesOf } from './fixtures/resources.ts';
import { sample, templateOf } from './fixtures/synthesise.ts';

type Operation = Record<string, unknown> & { responses: Record<string, { headers?: object }> };

const text = readFileSync(resolve(import.meta.dirname, '../../docs/openapi.json'), 'utf8');
const { paths }: { paths: Record<string, Record<string, Operation>> } = JSON.parse(text);
const documented = Object.entries(paths).flatMap(([path, methods]) =>
  Object.keys(methods).map((method) => `${method.toUpperCase()} ${path}`),
);

describe('the OpenAPI document', () => {
  it('has every route that is deployed, and no other', () => {
    const deployed = Object.values(resourcesOf(templateOf(sample.prod), 'AWS::ApiGatewayV2::Route'))
      .map(({ Properties }) => plain(Properties['RouteKey']))
      .filter((route) => route !== '$default');
    expect(documented.toSorted()).toEqual(deployed.toSorted());
  });

  it('tells how a change is repeated safely', () => {
    const header = (name: string) => ({ name, in: 'header', required: false });
    expect(paths['/key/generate']?.['post']).toMatchObject({
      parameters: [header('Idempotency-Key'), header('litellm-changed-by')],
      responses: {
        400: { description: expect.stringMatching(/alias or key is taken.*Idempotency-Key/) },
        409: { description: expect.stringMatching(/alias is being changed.*A repeat/) },
        410: { description: expect.stringMatching(/A repeat.*deleted since/) },
        422: { description: expect.stringMatching(/no JSON object.*A repeat with another body/) },
      },
    });
  });

  it('tells it of every route that changes something: each of them takes the header', () => {
    for (const { method, path } of routes) {
      const operation = JSON.stringify(paths[path]?.[method.toLowerCase()]);
      // Without a caller there is nobody whose repeats they could be.
      const looks = ['/v2/key/info', '/key/verify', '/key/health', '/key/claim'];
      const isChange = method !== 'GET' && !looks.some((look) => look === path);
      expect(operation.includes('"Idempotency-Key"'), path).toBe(isChange);
    }
  });

  it('names Retry-After where a retry makes sense, and nowhere else', () => {
    for (const { method, path } of routes) {
      const { responses = {} } = paths[path]?.[method.toLowerCase()] ?? {};
      for (const [status, answer] of Object.entries(responses)) {
        const isRetried = ['409', '429', '503'].includes(status);
        // API Gateway's own refusals have none.
        const isOurs = answer.headers !== undefined;
        const has = JSON.stringify(answer).includes('"Retry-After":');
        expect(has, `${path} ${status}`).toBe(isRetried && isOurs);
      }
    }
  });
});
