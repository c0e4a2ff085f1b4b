import * as z from 'zod/mini';
import type { Contract } from '../shared/http/contract.ts';

export const contract: Contract = {
  summary: 'This description',
  description: 'OpenAPI 3.1, of the release that answers.',
  answer: z.record(z.string(), z.unknown()),
  errors: {},
  open: true,
};
