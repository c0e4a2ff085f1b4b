import * as z from 'zod/mini';
import { keyTypes, userRoles } from '../shared/domain/key-row.ts';
import { type Contract, commonErrors } from '../shared/http/contract.ts';
import {
  budget,
  choice,
  integer,
  number,
  object,
  text,
  texts,
  truth,
} from '../shared/http/fields.ts';
import { issuedKeyAnswer } from '../shared/http/key-schema.ts';

/** Body of `POST /key/generate`, as LiteLLM takes it; the last three fields are Latchkey's own. */
export const generateRequest = z.object({
  key: text(),
  key_alias: text(),
  duration: text(),
  models: texts(),
  aliases: object(),
  config: object(),
  permissions: object(),
  spend: number(),
  max_budget: budget(),
  soft_budget: budget(),
  budget_duration: text(),
  user_id: text(),
  team_id: text(),
  organization_id: text(),
  tpm_limit: integer(),
  rpm_limit: integer(),
  max_parallel_requests: integer(),
  metadata: object(),
  tags: texts(),
  blocked: truth(),
  key_type: choice(keyTypes),
  auto_rotate: truth(),
  rotation_interval: text(),
  send_invite_email: truth(),
  user_email: text(),
  user_role: choice(userRoles),
  store_secret: truth(),
});

export const contract: Contract = {
  summary: 'Issue a virtual key',
  description:
    'Every field is optional, unknown fields are ignored. The value of the key is in this answer and in AWS Secrets Manager, nowhere else.',
  body: generateRequest,
  answer: issuedKeyAnswer,
  errors: {
    ...commonErrors,
    400: 'A field breaks a rule, or the alias or key is taken.',
    409: 'The alias is being changed or its secret belongs to somebody else.',
    413: 'The body has more than 256 kB.',
    422: 'The body is no JSON object, or a field has the wrong JSON type.',
  },
};
