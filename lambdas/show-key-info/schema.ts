import * as z from 'zod/mini';

/** Query of `GET /key/info`. */
export const keyInfoQuery = z.object({
  /** A key's value, token hash or key id; left out, the caller's own key. */
  key: z.optional(z.string()),
});
