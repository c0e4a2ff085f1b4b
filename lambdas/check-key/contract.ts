import * as z from 'zod/mini';
import { type Contract, commonErrors } from '../shared/http/contract.ts';

export const contract: Contract = {
  summary: 'Check the key that calls',
  description: 'Healthy where the key is let in; a key that is not gets the 401 that says why.',
  answer: z.strictObject({ key: z.literal('healthy'), logging_callbacks: z.null() }),
  errors: commonErrors,
};
