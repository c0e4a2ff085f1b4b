/** `/_dev/...`: what the service has sent and stored, for people and for scripts. */
import type { StoredSecret } from '../../test/fakes/secrets-manager.ts';
import type { Answer } from '../local/forward.ts';
import type { Background, Service } from './background.ts';
import { mailPage } from './mail-page.ts';

/**
 * Shows nothing to a page of another site, by whatever way it got here. `frame-ancestors` cannot be
 * `'none'`: the mails in their frames inherit it, and Chromium would leave them blank.
 */
const guarded = {
  'cache-control': 'no-store',
  'content-security-policy':
    "default-src 'none'; style-src 'unsafe-inline'; img-src data:; base-uri 'none'; form-action 'none'; frame-ancestors 'self'",
  'cross-origin-resource-policy': 'same-origin',
  'referrer-policy': 'no-referrer',
  'x-content-type-options': 'nosniff',
};

/** The answer to a path under `/_dev/`, or null for any other, which is the API's. */
export function devViews(service: Service, background: Background) {
  const { trail, secrets } = service;
  const views: Record<string, () => Answer> = {
    '/_dev/mails': () => html(mailPage(background.mails)),
    '/_dev/mails.json': () => json(background.mails),
    '/_dev/audit': () => json([...trail.records.values()]),
    '/_dev/secrets': () => json([...secrets.secrets.values()].map(secretView)),
  };

  const secretView = ({ name, arn, tags, versions, deletedAt }: StoredSecret) => ({
    name,
    arn,
    tags,
    value: secrets.current(name),
    versions: Object.fromEntries([...versions].map(([id, { stages }]) => [id, [...stages]])),
    deleted_at: deletedAt === null ? null : new Date(deletedAt).toISOString(),
  });

  return async (method: string, target: string, host: string): Promise<Answer | null> => {
    const [path = ''] = target.split('?');
    if (path !== '/_dev' && !path.startsWith('/_dev/')) return null;
    // A name of somebody else's that points here (DNS rebinding) would make us their own site.
    if (!isLoopbackName(host)) return text(403, 'Only for localhost');
    const view = Object.hasOwn(views, path) ? views[path] : undefined;
    if (view === undefined) return text(404, `There are: ${Object.keys(views).join(' ')}`);
    if (method !== 'GET' && method !== 'HEAD') return text(405, 'Only to be read');
    await background.deliver();
    return view();
  };
}

const isLoopbackName = (host: string): boolean =>
  /^(localhost|127\.0\.0\.1|\[::1\])(:\d+)?$/i.test(host);

const answer = (status: number, type: string, body: string): Answer => ({
  status,
  headers: { ...guarded, 'content-type': `${type}; charset=utf-8` },
  body: Buffer.from(body),
});

const html = (page: string) => answer(200, 'text/html', page);
const json = (value: unknown) =>
  answer(200, 'application/json', `${JSON.stringify(value, null, 2)}\n`);
const text = (status: number, line: string) => answer(status, 'text/plain', `${line}\n`);
