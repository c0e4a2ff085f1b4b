import * as z from 'zod/mini';
import type { Contract } from '../shared/http/contract.ts';

export const contract: Contract = {
  summary: 'The page behind a claim link',
  description:
    'HTML. The token is in the fragment of the link, which no browser sends: opening the page spends nothing. Its button calls `POST /key/claim`.',
  answer: z.string(),
  answerType: 'text/html',
  errors: {},
  open: true,
};
