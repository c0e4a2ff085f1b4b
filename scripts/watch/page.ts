/** The page that shows a local service at work, and the page of one of its mails. */
import { createHash } from 'node:crypto';
import { escaped } from '../../lambdas/email-key-change/escaped.ts';
import type { Happening, Happenings, KeySeen, SentMail } from './happenings.ts';

export interface Heading {
  /** What was started. */
  readonly command: string;
  readonly version: string;
  /** Path of the page, such as `/_local`. */
  readonly base: string;
}

const style = `
:root { color-scheme: light dark; --page: #f4f5f7; --card: #fff; --text: #1f2933; --soft: #52606d; --line: #d5dae0; --accent: #0b5fd3; --good: #12663f; --bad: #96201c; --new: #fdf1dc; }
@media (prefers-color-scheme: dark) { :root { --page: #14171a; --card: #1b2024; --text: #e6e9ec; --soft: #a6b0ba; --line: #333b43; --accent: #6aabff; --good: #7fd6a8; --bad: #ffb3ad; --new: #352812; } }
* { box-sizing: border-box; }
body { margin: 0 auto; max-width: 70rem; padding: 1rem; background: var(--page); color: var(--text); font: 14px/1.45 system-ui, sans-serif; }
header { display: flex; flex-wrap: wrap; align-items: baseline; gap: .2rem 1rem; }
h1 { margin: 0; font-size: 20px; }
h2 { margin: 0; padding: .6rem 1rem; font-size: 15px; border-bottom: 1px solid var(--line); }
a { color: var(--accent); }
.soft, time { color: var(--soft); }
main { display: grid; grid-template-columns: minmax(0, 3fr) minmax(0, 2fr); gap: 1rem; align-items: start; margin-top: 1rem; }
@media (max-width: 44rem) { main { grid-template-columns: minmax(0, 1fr); } }
section, dl, iframe, pre { background: var(--card); border: 1px solid var(--line); border-radius: 6px; }
ol { margin: 0; padding: 0; list-style: none; }
li { padding: .5rem 1rem; overflow-wrap: anywhere; }
li + li { border-top: 1px solid var(--line); }
li.new { animation: new 4s; }
@keyframes new { from { background: var(--new); } }
@media (prefers-reduced-motion: reduce) { li.new { animation: none; } }
time { font-variant-numeric: tabular-nums; margin-right: .5rem; }
b.good { color: var(--good); } b.bad { color: var(--bad); }
p.empty { margin: 0; padding: .6rem 1rem; color: var(--soft); }
code { font-family: ui-monospace, Consolas, Menlo, monospace; font-size: .93em; }
b { font-weight: 600; }
dl { display: grid; grid-template-columns: max-content minmax(0, 1fr); gap: 0 1rem; padding: 1rem; }
dt { color: var(--soft); } dd { margin: 0; overflow-wrap: anywhere; }
iframe { display: block; width: 100%; height: 46rem; background: #fff; }
pre { padding: 1rem; white-space: pre-wrap; overflow-wrap: anywhere; }
`;

/** Fetches what is between the main tags anew every second, and says so when nobody answers. */
const script = `
const main = document.querySelector('main');
const state = document.querySelector('[role=status]');
const ids = () => new Set(Array.from(main.querySelectorAll('[data-id]'), (each) => each.dataset.id));
let shown = null;
async function look() {
  try {
    const answer = await fetch(location.pathname + '/part', { cache: 'no-store' });
    if (!answer.ok) throw new Error(answer.status);
    const part = await answer.text();
    if (part !== shown) {
      const known = ids();
      main.innerHTML = part;
      for (const each of main.querySelectorAll('[data-id]')) {
        if (!known.has(each.dataset.id)) each.classList.add('new');
      }
      shown = part;
    }
    state.textContent = 'Live';
  } catch {
    state.textContent = 'No answer: it has stopped, or is busy';
  }
  setTimeout(look, 1000);
}
look();
`;

/** As a Content-Security-Policy names the one script that may run. */
export const scriptSource = `'sha256-${createHash('sha256').update(script).digest('base64')}'`;

export const watchPage = (heading: Heading, happenings: Happenings): string =>
  page(
    `Latchkey: ${heading.command}`,
    `<header>
<h1>Latchkey</h1>
<span class="soft">${escaped(heading.version)}, ${escaped(heading.command)}</span>
<span role="status">Reload to see what is new</span>
<a href="/ui">Console</a>
<a href="/docs">Reference</a>
</header>
<main>${watchedPart(heading, happenings)}</main>
<script>${script}</script>`,
  );

/** What changes of the page. */
export const watchedPart = ({ base }: Heading, { keys, latest }: Happenings): string => `
<section>
<h2>What happened</h2>
${list(
  latest.map((each) => happening(base, each)),
  'Nothing yet: generate a key.',
)}
</section>
<section>
<h2>Keys</h2>
${list(keys.map(key), 'None yet.')}
</section>
`;

/** A mail as it looks: no script of it runs, and its links open elsewhere. */
export const mailPage = ({ base }: Heading, { to, subject, at, html, text }: SentMail): string =>
  page(
    `Latchkey: ${subject}`,
    `<p><a href="${base}">Back</a></p>
<dl>
<dt>To</dt><dd>${escaped(to)}</dd>
<dt>Subject</dt><dd>${escaped(subject)}</dd>
<dt>Sent</dt><dd>${when(at)}</dd>
</dl>
<iframe sandbox="allow-popups allow-popups-to-escape-sandbox" title="${escaped(subject)}" srcdoc="${escaped(html)}"></iframe>
<h2>Its text part</h2>
<pre>${escaped(text)}</pre>`,
  );

const page = (title: string, body: string): string => `<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width">
<title>${escaped(title)}</title>
<style>${style}</style>
${body}
</html>
`;

const list = (items: readonly string[], none: string): string =>
  items.length === 0 ? `<p class="empty">${none}</p>` : `<ol>\n${items.join('\n')}\n</ol>`;

function happening(base: string, seen: Happening): string {
  if (seen.kind === 'mail') {
    const { number, at, to, subject } = seen;
    return `<li data-id="mail ${number}">${when(at)}<b>mail</b> to ${escaped(to)}<br><a href="${base}/mails/${number}">${escaped(subject)}</a></li>`;
  }
  const { id, at, action, keyId, alias, by, changed } = seen;
  const what = changed.length === 0 ? '' : `: ${escaped(changed.join(', '))}`;
  return `<li data-id="${escaped(id)}">${when(at)}<b>${escaped(action)}</b>${what}<br>${named(keyId, alias)} <span class="soft">by ${escaped(by)}</span></li>`;
}

const key = ({ keyId, alias, state }: KeySeen): string =>
  `<li data-id="key ${escaped(keyId)}">${named(keyId, alias)}<br><b class="${state === 'active' ? 'good' : 'bad'}">${state}</b></li>`;

/** Leads to the key in the console. */
const named = (keyId: string, alias: string | null): string =>
  `${alias === null ? '' : `${escaped(alias)} `}<a href="/ui#/keys/${escaped(encodeURIComponent(keyId))}"><code>${escaped(keyId)}</code></a>`;

/** In the zone of this machine, where whoever looks sits too. */
function when(at: string): string {
  const date = new Date(at);
  const text = Number.isNaN(date.getTime()) ? '?' : date.toLocaleString('sv-SE');
  return `<time datetime="${escaped(at)}">${text}</time>`;
}
