import * as z from 'zod/mini';
import { type Contract, commonErrors } from '../shared/http/contract.ts';

export const contract: Contract = {
  summary: 'Mail a new claim link to the owner of a key',
  description:
    'For those who have lost the key, or whose link has expired or was used. An admin asks for any key, an owner for their own. The link goes to the address of the key (`user_email`, else `user_id`) and is in no answer; earlier links to the value are replaced by it.',
  answer: z.strictObject({
    key_id: z.string(),
    key_alias: z.nullable(z.string()),
    /** Masked. */
    sent_to: z.string(),
    /** If the mail goes out at once: the time counts from when it does. */
    expires_at: z.iso.datetime({ precision: 3 }),
  }),
  errors: {
    ...commonErrors,
    400: 'No recipient is known; e-mail or links are switched off; or the key is blocked, expired, or its value is not kept.',
    404: 'No such key.',
    409: 'Another change of the key is under way.',
  },
};
