/** Requests made from the OpenAPI document; the long run is `npm run fuzz`. */
import { expect, it } from 'vitest';
import { operations } from './document.ts';
import { fuzz } from './fuzz.ts';

it('answers whatever the document allows, and whatever is near it, as the document says', async () => {
  const { requests, succeeded } = await fuzz(4000, 1);
  expect(requests).toBeGreaterThanOrEqual(4000);
  // A generator that only ever got refusals would prove little.
  expect(succeeded.size).toBeGreaterThan(operations.length / 2);
}, 120_000);
