import * as z from 'zod/mini';
import { keyTypes, userRoles } from '../shared/domain/key-row.ts';
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
