import * as z from 'zod/mini';
import { text } from '../shared/http/fields.ts';
import { keyFields } from '../shared/http/key-request.ts';

/** Body of `POST /key/regenerate` and `POST /key/{key}/regenerate`; `key` goes before the path. */
export const regenerateRequest = z.object({
  key: text(),
  ...keyFields,
  new_key: text(),
  new_master_key: text(),
  /** No grace period may also be the number 0. */
  grace_period: z.pipe(
    z.transform((value: unknown) => (value === 0 ? '0' : value)),
    text(),
  ),
});
