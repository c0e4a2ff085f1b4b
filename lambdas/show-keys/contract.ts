import * as z from 'zod/mini';
import { type Contract, commonErrors, naming, someNames } from '../shared/http/contract.ts';
import { updatedKeyAnswer } from '../shared/http/key-schema.ts';
import { showKeysRequest } from './schema.ts';

const { key: _key, ...shown } = updatedKeyAnswer.shape;

export const contract: Contract = {
  summary: 'Show several keys',
  description:
    'At most 100, named by value, token hash or key id in `keys`, by alias in `key_aliases`. Those that are not there, are deleted, or may not be seen are left out. The newest first.',
  body: naming(showKeysRequest, { keys: someNames, key_aliases: someNames }),
  answer: z.strictObject({
    key: z.nullable(z.array(z.string())),
    info: z.array(z.strictObject(shown)),
  }),
  errors: {
    ...commonErrors,
    400: 'More than 100 keys are named.',
    413: 'The body has more than 256 kB.',
    422: 'The body is no JSON object, a field has the wrong type, or no key is named.',
  },
};
