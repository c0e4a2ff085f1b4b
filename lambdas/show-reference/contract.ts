import * as z from 'zod/mini';
import {
  type Contract,
  type ContractsByPath,
  internalError,
  pageHeaders,
} from '../shared/http/contract.ts';

const file: Contract = {
  summary: 'A file of the reference',
  description: 'Its scripts and its style.',
  answer: z.string(),
  answerTypes: ['text/javascript', 'text/css'],
  headers: pageHeaders,
  isFile: true,
  errors: { ...internalError, 404: 'The page has no such file.' },
  open: true,
};

export const contract: ContractsByPath = {
  '/docs': {
    summary: 'The reference',
    description: 'A page that shows this description and can send calls.',
    answer: z.string(),
    answerTypes: ['text/html'],
    headers: pageHeaders,
    isFile: true,
    errors: internalError,
    open: true,
  },
  '/docs/{file}': file,
};
