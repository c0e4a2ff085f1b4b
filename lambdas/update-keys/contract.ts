import * as z from 'zod/mini';
import { type Contract, commonErrors } from '../shared/http/contract.ts';
import { changedKeyAnswer, updatedKeyAnswer } from '../shared/http/key-schema.ts';
import { updateKeysRequest } from './schema.ts';

/** As it is, and as a change has left it. */
const info = z.omit(updatedKeyAnswer, { key: true, token: true });
const changed = z.omit(changedKeyAnswer, { key: true, token: true });

export const contract: Contract = {
  summary: 'Update many keys',
  description:
    'At most 500, each by itself: one that fails does not keep the others from their change. For proxy admins. Changes of one key are made in the order of the request.',
  body: updateKeysRequest,
  answer: z.strictObject({
    total_requested: z.number(),
    successful_updates: z.array(z.strictObject({ key: z.string(), key_info: changed })),
    failed_updates: z.array(
      z.strictObject({ key: z.string(), key_info: z.nullable(info), failed_reason: z.string() }),
    ),
  }),
  errors: {
    ...commonErrors,
    400: 'keys is empty, or has more than 500.',
    413: 'The body has more than 256 kB.',
    422: 'The body is no JSON object, or a field has the wrong type.',
  },
};
