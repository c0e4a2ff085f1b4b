import * as z from 'zod/mini';
import { type Contract, pageHeaders } from '../shared/http/contract.ts';

export const contract: Contract = {
  summary: 'The page behind a claim link',
  description:
    'HTML. The token is in the fragment of the link, which no browser sends: opening the page spends nothing. Its button calls `POST /key/claim`.',
  answer: z.string(),
  answerTypes: ['text/html'],
  headers: {
    ...pageHeaders,
    'Cache-Control': 'The page is kept nowhere.',
    'Cross-Origin-Resource-Policy': 'No page of another origin loads it.',
    'Permissions-Policy': 'It may write to the clipboard.',
    'X-Content-Type-Options': 'It is what `Content-Type` says.',
    'X-Robots-Tag': 'No search engine shows it.',
  },
  errors: {},
  open: true,
};
