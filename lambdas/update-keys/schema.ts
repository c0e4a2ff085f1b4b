import * as z from 'zod/mini';
import { someText } from '../shared/http/fields.ts';
import { keyFields } from '../shared/http/key-request.ts';

const { budget_id, max_budget, team_id, tags, object_permission } = keyFields;

/** Body of `POST /key/bulk_update`. */
export const updateKeysRequest = z.object({
  keys: z.array(
    z.object({
      key: someText(),
      budget_id,
      max_budget,
      team_id,
      tags,
      object_permission,
    }),
    'expected a list',
  ),
});
