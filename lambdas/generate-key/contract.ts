import { type Contract, commonErrors, goneSince } from '../shared/http/contract.ts';
import { issuedKeyAnswer } from '../shared/http/key-schema.ts';
import { generateRequest } from './schema.ts';

export const contract: Contract = {
  summary: 'Issue a virtual key',
  description:
    "Every field is optional, but for the team_id of a service account's key; unknown fields are ignored. The value of the key is in this answer and in AWS Secrets Manager, nowhere else.",
  body: generateRequest,
  answer: issuedKeyAnswer,
  errors: {
    ...commonErrors,
    ...goneSince,
    400: 'A field breaks a rule, or the alias or key is taken.',
    409: 'The alias is being changed or its secret belongs to somebody else.',
    413: 'The body has more than 256 kB.',
    429: 'The alias has been used again too often today; retry after `Retry-After`.',
    422: 'The body is no JSON object, or a field has the wrong JSON type.',
  },
};
