/**
 * `GET /claim`: the page behind the link of a mail. The same for everybody: what the link shows is
 * fetched when its reader presses the button, so that a scanner that opens it uses nothing up.
 */
import { answering } from '../shared/http/answering.ts';
import { html, scriptHash, styleHash } from './claim-page.generated.ts';

/** It runs its own script, calls the API it came from, and is shown in no frame. */
const policy = [
  "default-src 'none'",
  `script-src '${scriptHash}'`,
  `style-src '${styleHash}'`,
  "connect-src 'self'",
  "base-uri 'none'",
  "form-action 'none'",
  "frame-ancestors 'none'",
].join('; ');

const headers = {
  'cache-control': 'no-store',
  'content-security-policy': policy,
  'cross-origin-opener-policy': 'same-origin',
  'cross-origin-resource-policy': 'same-origin',
  'permissions-policy': 'clipboard-write=(self)',
  'referrer-policy': 'no-referrer',
  'x-content-type-options': 'nosniff',
  'x-frame-options': 'DENY',
  'x-robots-tag': 'noindex, nofollow',
};

export const handler = answering('show-claim-page', async () => ({
  status: 200,
  body: undefined,
  html,
  headers,
}));
