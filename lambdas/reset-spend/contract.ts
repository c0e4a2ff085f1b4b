import * as z from 'zod/mini';
import { type Contract, commonErrors } from '../shared/http/contract.ts';

export const contract: Contract = {
  summary: "Set a key's spend back",
  description: 'To zero, or to an amount that is at most what was spent and what may be spent.',
  // What `schema.ts` takes leniently, as it should be sent.
  body: z.object({ reset_to: z.number() }),
  answer: z.strictObject({
    key_hash: z.string(),
    spend: z.number(),
    previous_spend: z.number(),
    max_budget: z.nullable(z.number()),
    budget_reset_at: z.nullable(z.iso.datetime({ precision: 3 })),
  }),
  errors: {
    ...commonErrors,
    400: 'reset_to is negative, or above what was spent or may be spent.',
    404: 'No such key.',
    409: 'Another change of the key is under way.',
    413: 'The body has more than 256 kB.',
    422: 'The body is no JSON object, or reset_to is missing or no number.',
  },
};
