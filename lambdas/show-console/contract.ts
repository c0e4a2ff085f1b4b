import * as z from 'zod/mini';
import type { Contract } from '../shared/http/contract.ts';

export const contract: Contract = {
  summary: 'The console',
  description:
    'A page to look at keys, make, block, rotate and delete them by this API, as the key one signs in with; and the files of the page.',
  answer: z.string(),
  answerType: 'text/html',
  errors: { 404: 'The page has no such file.' },
  open: true,
};
