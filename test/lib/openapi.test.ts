import { beforeAll, describe, expect, it } from 'vitest';
import { routes } from '../../lambdas/shared/http/routes.ts';
import { openApiDocument } from '../../scripts/openapi.ts';

const parameter = (name: string) => ({ name, in: 'header', required: false });

describe('the OpenAPI document', () => {
  let paths: Record<string, Record<string, object>>;
  beforeAll(async () => {
    ({ paths } = JSON.parse(await openApiDocument()));
  });

  it('tells how a change is repeated safely', () => {
    expect(paths['/key/generate']?.['post']).toMatchObject({
      parameters: [parameter('Idempotency-Key'), parameter('litellm-changed-by')],
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
      const text = JSON.stringify(paths[path]?.[method.toLowerCase()]);
      // Without a caller there is nobody whose repeats they could be.
      const looks = ['/v2/key/info', '/key/verify', '/key/health', '/key/claim'];
      const isChange = method === 'POST' && !looks.some((look) => look === path);
      expect(text.includes('"Idempotency-Key"'), path).toBe(isChange);
      expect(text.includes('"410"'), path).toBe(isChange || path === '/key/claim');
    }
  });

  it('names Retry-After where a retry makes sense, and nowhere else', () => {
    for (const { method, path } of routes) {
      const { responses }: { responses?: Record<string, object> } =
        paths[path]?.[method.toLowerCase()] ?? {};
      for (const [status, answer] of Object.entries(responses ?? {})) {
        const isRetried = ['409', '429', '503'].includes(status);
        expect('headers' in answer, `${path} ${status}`).toBe(isRetried);
      }
    }
  });
});
