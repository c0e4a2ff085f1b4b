import * as z from 'zod/mini';
import { type Contract, commonErrors } from '../shared/http/contract.ts';
import { keyInfoAnswer } from '../shared/http/key-schema.ts';

export const contract: Contract = {
  summary: 'Show a key',
  description:
    "The key is named by its token hash, its key id or its value; left out, it is the caller's own. Prefer hash or id: a URL ends up in logs.",
  query: z.object({ key: z.optional(z.string()) }),
  answer: keyInfoAnswer,
  errors: { ...commonErrors, 404: 'No such key (told to admins only; others get 403).' },
};
