/** Whatever JSON is sent under the fields of the OpenAPI document, no answer is a 5xx or off its schema. */
import * as fc from 'fast-check';
import { expect, it } from 'vitest';
import { generateRequest } from '../../lambdas/generate-key/schema.ts';
import { errorAnswer } from '../../lambdas/shared/http/contract.ts';
import { issuedKeyAnswer } from '../../lambdas/shared/http/key-schema.ts';
import { startedService } from '../fakes/service.ts';

/** Values that mean something somewhere, among whatever else JSON can say. */
const likely = fc.constantFrom<unknown>(
  null,
  '',
  'a',
  '1d',
  '30min',
  '-1',
  'NaN',
  '1e400',
  'ada@example.com',
  'proxy_admin',
  'management',
  0,
  -1,
  1.5,
  1e21,
  true,
  [],
  ['x'],
  {},
  { tags: ['x'] },
);
const value = fc.oneof({ weight: 3, arbitrary: likely }, fc.jsonValue({ maxDepth: 4 }));
const fields = Object.keys(generateRequest.shape);
const body = fc.dictionary(fc.constantFrom(...fields, '__proto__', 'unknown'), value, {
  maxKeys: 8,
});

it('answers any body with 200 or a 4xx in the documented shape', async () => {
  const service = await startedService();
  const { body: user } = await service.generate({ user_id: 'ada', max_budget: 5 });
  await fc.assert(
    fc.asyncProperty(body, fc.constantFrom('sk-1234', String(user.key)), async (sent, key) => {
      const answer = await service.generate(sent, key);
      if (answer.status === 200) issuedKeyAnswer.parse(answer.body);
      else errorAnswer.parse(answer.body);
      expect([200, 400, 403, 422]).toContain(answer.status);
    }),
    { numRuns: 1000 },
  );
});
