import * as z from 'zod/mini';
import { type Contract, internalError } from '../shared/http/contract.ts';

export const contract: Contract = {
  summary: 'This description',
  description: 'OpenAPI 3.1, of the release that answers.',
  answer: z.record(z.string(), z.unknown()),
  headers: { 'Access-Control-Allow-Origin': 'Pages of any origin may read it.' },
  isFile: true,
  errors: internalError,
  open: true,
};
