/** Answers for a page that shows a service on this machine to the person who sits at it. */
import packageJson from '../../package.json' with { type: 'json' };
import type { Answer } from '../local/forward.ts';
import { happeningsOf, type Watched } from './happenings.ts';
import { type Heading, mailPage, scriptSource, watchedPart, watchPage } from './page.ts';

/** Answers a path of its own; null for any other, which is the API's. */
export type View = (method: string, target: string, host: string) => Promise<Answer | null>;

/** Paths below the page that are views of their own. */
export type MoreViews = Readonly<Record<string, () => Answer>>;

/**
 * The page at `base`, as it changes, and each mail as it looks. Read-only, and for pages and names of
 * this machine alone: another site can neither read nor frame it.
 */
export function watchView(
  heading: Omit<Heading, 'version'>,
  watched: Watched,
  more: MoreViews = {},
): View {
  const { base } = heading;
  const head = { ...heading, version: packageJson.version };
  const views: Record<string, () => Promise<Answer>> = {
    [base]: async () => html(watchPage(head, await happeningsOf(watched)), scriptSource),
    [`${base}/part`]: async () => html(watchedPart(head, await happeningsOf(watched))),
  };

  return async (method, target, host) => {
    const [path = ''] = target.split('?');
    if (path !== base && !path.startsWith(`${base}/`)) return null;
    // A name of somebody else's that points here (DNS rebinding) would make us their own site.
    if (!isLoopbackName(host)) return text(403, 'Only for localhost');
    if (method !== 'GET' && method !== 'HEAD') return text(405, 'Only to be read');
    if (Object.hasOwn(views, path)) return views[path]?.() ?? null;
    if (Object.hasOwn(more, path)) return more[path]?.() ?? null;
    const [, number] = /^\/mails\/(\d+)$/.exec(path.slice(base.length)) ?? [];
    const mail = number === undefined ? undefined : (await watched.mails())[Number(number)];
    if (mail !== undefined) return html(mailPage(head, mail));
    return text(404, `There are: ${[...Object.keys(views), ...Object.keys(more)].join(' ')}`);
  };
}

const isLoopbackName = (host: string): boolean =>
  /^(localhost|127\.0\.0\.1|\[::1\])(:\d+)?$/i.test(host);

/**
 * `frame-ancestors` cannot be `'none'`: the mails in their frames inherit it, and Chromium would leave
 * them blank.
 */
const guarded = (scripts: string) => ({
  'cache-control': 'no-store',
  'content-security-policy': `default-src 'none'; script-src ${scripts}; connect-src 'self'; style-src 'unsafe-inline'; img-src data:; base-uri 'none'; form-action 'none'; frame-ancestors 'self'`,
  'cross-origin-opener-policy': 'same-origin',
  'cross-origin-resource-policy': 'same-origin',
  'referrer-policy': 'no-referrer',
  'x-content-type-options': 'nosniff',
});

const answer = (status: number, type: string, body: string, scripts = "'none'"): Answer => ({
  status,
  headers: { ...guarded(scripts), 'content-type': `${type}; charset=utf-8` },
  body: Buffer.from(body),
});

const html = (page: string, scripts?: string) => answer(200, 'text/html', page, scripts);
const text = (status: number, line: string) => answer(status, 'text/plain', `${line}\n`);

/** For scripts, which the page is not made for. */
export const json = (value: unknown): Answer =>
  answer(200, 'application/json', `${JSON.stringify(value, null, 2)}\n`);
