import * as z from 'zod/mini';
import { type Contract, commonErrors, naming, someNames } from '../shared/http/contract.ts';
import { deleteRequest } from './schema.ts';

export const contract: Contract = {
  summary: 'Delete keys',
  description:
    "By value, token hash or key id in keys, by alias in key_aliases; both lists count. Somebody else's key among them refuses them all.",
  body: naming(deleteRequest, { keys: someNames, key_aliases: someNames }),
  answer: z.strictObject({
    /** As they were sent. */
    deleted_keys: z.array(z.string()),
    /** What was not deleted; of a value its last four characters alone. */
    failed_tokens: z.array(z.string()),
  }),
  errors: {
    ...commonErrors,
    400: 'Too many keys in one request.',
    404: 'None of the keys exists (told to admins only; others get 403).',
    409: 'Another change of a key is under way.',
    413: 'The body has more than 256 kB.',
    422: 'The body is no JSON object, names no key, or a field has the wrong JSON type.',
  },
};
