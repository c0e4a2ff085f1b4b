import * as z from 'zod/mini';
import {
  type Contract,
  type ContractsByPath,
  commonErrors,
  goneSince,
} from '../shared/http/contract.ts';
import { rotatedKeyAnswer } from '../shared/http/key-schema.ts';
import { regenerateRequest } from './schema.ts';

const body = z.extend(regenerateRequest, {
  grace_period: z.optional(z.nullable(z.union([z.string(), z.literal(0)]))),
});

const byPath: Contract = {
  summary: 'Give a key a new value',
  description:
    'The key stays the same: its id, alias, spend and settings, but for those that are sent, with the rules of an update. The former value is let in until the grace period ends.',
  body,
  isBodyOptional: true,
  answer: rotatedKeyAnswer,
  errors: {
    ...commonErrors,
    ...goneSince,
    400: 'No key is named, a field breaks a rule, or the alias or value is taken.',
    404: 'No such key (told to admins only; others get 403).',
    409: 'Another change of the key or of the alias is under way.',
    413: 'The body has more than 256 kB.',
    429: 'The key has got too many new values today; retry after `Retry-After`.',
    422: 'The body is no JSON object, or a field has the wrong JSON type.',
  },
};

export const contract: ContractsByPath = {
  '/key/regenerate': {
    ...byPath,
    body: z.extend(body, { key: z.string() }),
    isBodyOptional: false,
  },
  '/key/{key}/regenerate': byPath,
};
