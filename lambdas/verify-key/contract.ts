import * as z from 'zod/mini';
import { reasons } from '../shared/domain/verdict.ts';
import { type Contract, commonErrors } from '../shared/http/contract.ts';
import { updatedKeyAnswer } from '../shared/http/key-schema.ts';

const { key: _key, ...told } = updatedKeyAnswer.shape;

export const contract: Contract = {
  summary: 'Check a key',
  description:
    'Whether a key is good now, and for `model` where that is named. Called with the key of an admin or viewer, or one of type `management` or `read_only`; or with the very key, which then needs no right. Not cached: a block, a delete or a rotation counts for every check that starts after it. A valid key comes with its limits, owner and metadata; enforcing them is the gateway’s work. `model` is then the one to call, which the key’s aliases may make of the one that was asked about.',
  body: z.object({ key: z.string(), model: z.optional(z.nullable(z.string())) }),
  answer: z.union([
    z.strictObject({
      valid: z.literal(true),
      reason: z.enum(['valid', 'in_grace']),
      /** The one to call: what the key's `aliases` make of the one that was asked about. */
      model: z.nullable(z.string()),
      ...told,
    }),
    z.strictObject({
      valid: z.literal(false),
      reason: z.enum(reasons),
      key_id: z.nullable(z.string()),
    }),
  ]),
  errors: {
    ...commonErrors,
    400: 'model contains a virtual key.',
    401: `${commonErrors[401]} Or the key checks itself, and is none.`,
    403: "The caller's key is an ordinary one, of type llm_api, or its allowed_routes exclude this.",
    413: 'The body has more than 256 kB.',
    422: 'The body is no JSON object, or key is missing or no text.',
  },
};
