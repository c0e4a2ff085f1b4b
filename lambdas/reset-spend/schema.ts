import * as z from 'zod/mini';
import { number } from '../shared/http/fields.ts';

/** Body of `POST /key/{key}/reset_spend`. A truth value is no amount. */
export const resetSpendRequest = z.object({
  reset_to: z.optional(
    z.pipe(
      z.unknown().check(
        z.refine((value) => typeof value !== 'boolean', {
          error: 'expected a number',
          abort: true,
        }),
      ),
      number(),
    ),
  ),
});
