import * as z from 'zod/mini';
import type { Contract } from '../shared/http/contract.ts';

export const contract: Contract = {
  summary: 'Check that the API answers',
  description: 'Asks nothing behind the API.',
  answer: z.literal("I'm alive!"),
  errors: {},
  open: true,
};
