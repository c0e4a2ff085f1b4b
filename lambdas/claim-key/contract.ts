import * as z from 'zod/mini';
import { type Contract, internalError } from '../shared/http/contract.ts';

export const contract: Contract = {
  summary: 'Show a key to whoever has its claim link, once',
  description:
    'What the page behind the link of a mail calls. Takes no credential: the token, which is the part of the link after `#`, is one, and is good for one use. A further use shows nothing, is recorded, and mailed to the owner. What fails after the link was used up leaves it used up: a new one is asked for by `POST /key/{key}/claim-link`.',
  body: z.object({ token: z.string() }),
  answer: z.strictObject({
    key: z.string(),
    key_id: z.string(),
    key_alias: z.nullable(z.string()),
    base_url: z.string(),
    expires: z.nullable(z.iso.datetime({ precision: 3 })),
  }),
  headers: { 'Cache-Control': 'The answer is kept nowhere.' },
  errors: {
    ...internalError,
    403: 'The key is blocked (`key_blocked`); the link is still good.',
    404: 'The token is none: malformed, unknown and wrong ones get this one answer.',
    409: 'The key is being changed; the link is still good.',
    410: 'The link shows nothing any more: `claim_link_used`, `claim_link_expired`, `claim_link_replaced` by a newer one, `claim_links_off`, or its key is not what it was: `key_rotated`, `key_deleted`, `key_expired`.',
    413: 'The body has more than 256 kB.',
    422: 'The body is no JSON object, or token is missing or no text.',
    503: 'A service behind the API is throttled or does not answer; retry after `Retry-After`.',
  },
  open: true,
};
