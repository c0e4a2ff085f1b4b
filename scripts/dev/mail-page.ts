import { escaped } from '../../lambdas/email-key-change/escaped.ts';
import type { SentMail } from './background.ts';

/**
 * A page with all mails, the newest first. A mail's HTML is shown as it was sent, but in a sandbox: it
 * runs no script, loads nothing and leads nowhere.
 */
export const mailPage = (mails: readonly SentMail[]): string => `<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width">
<title>Latchkey: mails (${mails.length})</title>
<style>
  body { margin: 2rem auto; max-width: 50rem; padding: 0 1rem; font: 1rem/1.5 system-ui, sans-serif; color: #1f2328; }
  article { margin: 2rem 0; border: 1px solid #d1d9e0; border-radius: 6px; overflow: hidden; }
  dl { display: grid; grid-template-columns: max-content 1fr; gap: 0 1rem; margin: 0; padding: 1rem; background: #f6f8fa; }
  dt { color: #59636e; }
  dd { margin: 0; overflow-wrap: anywhere; }
  iframe { display: block; width: 100%; height: 36rem; border: 0; border-block: 1px solid #d1d9e0; background: #fff; }
  summary { padding: .5rem 1rem; cursor: pointer; }
  pre { margin: 0; padding: 0 1rem 1rem; white-space: pre-wrap; overflow-wrap: anywhere; }
</style>
<h1>Mails</h1>
<p>${mails.length === 0 ? 'None yet: generate a key with <code>"send_invite_email": true</code>.' : `${mails.length} since the start, the newest first.`} Reload to see new ones.</p>
${mails.toReversed().map(article).join('\n')}
</html>
`;

const article = ({ to, subject, at, html, text }: SentMail): string => `<article>
<dl>
<dt>To</dt><dd>${escaped(to)}</dd>
<dt>Subject</dt><dd>${escaped(subject)}</dd>
<dt>Sent</dt><dd>${escaped(at)}</dd>
</dl>
<iframe sandbox="" title="${escaped(subject)}" srcdoc="${escaped(html)}"></iframe>
<details><summary>Text part</summary><pre>${escaped(text)}</pre></details>
</article>`;
