import * as z from 'zod/mini';
import { type Contract, commonErrors } from '../shared/http/contract.ts';
import { fullRowAnswer } from '../shared/http/key-schema.ts';

export const contract: Contract = {
  summary: 'Block a key, or let it in again',
  description:
    'A blocked key is refused from the moment the answer is sent. Doing it again succeeds, and is recorded again.',
  // What `schema.ts` takes leniently, as it should be sent.
  body: z.object({ key: z.string() }),
  answer: fullRowAnswer,
  errors: {
    ...commonErrors,
    400: 'key is no virtual key, token hash or key id.',
    404: 'No such key.',
    409: 'Another change of the key is under way.',
    413: 'The body has more than 256 kB.',
    422: 'The body is no JSON object, or key is missing.',
  },
};
