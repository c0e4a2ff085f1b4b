import * as z from 'zod/mini';
import type { Contract } from '../shared/http/contract.ts';

export const contract: Contract = {
  summary: 'The reference',
  description: 'A page that shows this description and can send calls, and the files of the page.',
  answer: z.string(),
  answerType: 'text/html',
  errors: { 404: 'The page has no such file.' },
  open: true,
};
