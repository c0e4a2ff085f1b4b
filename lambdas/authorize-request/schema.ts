import * as z from 'zod/mini';

const text = z.nullable(z.string());
const number = z.nullable(z.number());

/** What the API behind the authorizer is told of a key, as far as it is set. */
const checkedKey = {
  key_id: z.string(),
  user_id: text,
  team_id: text,
  models: z.array(z.string()),
  allowed_routes: z.array(z.string()),
  expires: text,
  spend: z.number(),
  max_budget: number,
  tpm_limit: number,
  rpm_limit: number,
  max_parallel_requests: number,
};
export type CheckedKey = z.infer<z.ZodMiniObject<typeof checkedKey>>;

/** The answer of `POST /key/verify`, as far as it is used; newer releases may tell more. */
export const verdict = z.discriminatedUnion('valid', [
  z.object({ valid: z.literal(true), key_type: z.string(), ...checkedKey }),
  z.object({ valid: z.literal(false) }),
]);
