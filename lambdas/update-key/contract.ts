import { type Contract, commonErrors, naming } from '../shared/http/contract.ts';
import { changedKeyAnswer } from '../shared/http/key-schema.ts';
import { updateRequest } from './schema.ts';

export const contract: Contract = {
  summary: 'Change a key',
  description:
    'A merge patch: a field left out stays, null clears it. The key is named by key; without key, by key_alias, which otherwise is its new alias.',
  body: naming(
    updateRequest,
    { key: { type: 'string' }, key_alias: { type: 'string' } },
    {
      temp_budget_increase: ['temp_budget_expiry'],
      temp_budget_expiry: ['temp_budget_increase'],
    },
  ),
  answer: changedKeyAnswer,
  errors: {
    ...commonErrors,
    400: 'A field breaks a rule, or the alias is taken.',
    404: 'No such key (told to admins only; others get 403).',
    409: 'Another change of the key or of the alias is under way.',
    413: 'The body has more than 256 kB.',
    429: 'The key, or the alias, has got new values or names too often today; retry after `Retry-After`.',
    422: 'The body is no JSON object, names no key, or a field has the wrong JSON type.',
  },
};
