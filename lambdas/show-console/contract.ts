import * as z from 'zod/mini';
import {
  type Contract,
  type ContractsByPath,
  internalError,
  pageHeaders,
} from '../shared/http/contract.ts';

const file: Contract = {
  summary: 'A file of the console',
  description: 'Its script and its style.',
  answer: z.string(),
  answerTypes: ['text/javascript', 'text/css'],
  headers: pageHeaders,
  isFile: true,
  errors: { ...internalError, 404: 'The page has no such file.' },
  open: true,
};

export const contract: ContractsByPath = {
  '/ui': {
    summary: 'The console',
    description:
      'A page to look at keys, make, block, rotate and delete them by this API, as the key one signs in with.',
    answer: z.string(),
    answerTypes: ['text/html'],
    headers: pageHeaders,
    isFile: true,
    errors: internalError,
    open: true,
  },
  '/ui/{file}': file,
};
