/**
 * Replays a recording in order against a service and compares the answers. Rows of routes that do
 * not exist yet are not sent, and rows about a key that such a row changed are not compared; both
 * follow from the list of routes alone, so the rows of a new route join by themselves.
 */
import { routes as ourRoutes } from '../../lambdas/shared/http/routes.ts';
import { isBuilt, isMutation, isRotation, mayHaveChanged, type Route } from './built-rows.ts';
import { type Difference, differencesOf, ownRules, type Reply } from './compare.ts';
import { Divergence } from './divergence.ts';
import { KnownKeys } from './known-keys.ts';
import { namesIn, Placeholders } from './placeholders.ts';
import { isObject, member, type Row } from './recording.ts';
import { type Span, Times } from './times.ts';

export interface Request {
  readonly method: string;
  /** With its query, as recorded: nothing in it is to be encoded once more. */
  readonly path: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string | undefined;
}

/** Sends one request; redirects are not followed, header names of the reply are in lower case. */
export type Send = (request: Request) => Promise<Reply>;

/** The clock of the service; `waitUntil` returns once the instant has passed. */
export interface Clock {
  readonly now: () => Date;
  readonly waitUntil: (instant: Date) => Promise<void>;
  /** How far `now` may be from what the service takes for now. */
  readonly skewMs: number;
}

/** Why a row was not compared. */
export type Skipped =
  | 'route not built'
  | 'directory of users and teams'
  | 'key changed by a route not built'
  | 'key made by a route not built'
  | 'key never issued here'
  | 'would rotate the key that all rows use'
  | 'answer not recorded';

export interface Outcome {
  readonly row: Row;
  /** Null for a row that was compared. */
  readonly skipped: Skipped | null;
  /** Members that differ because the key was changed before by us and not by LiteLLM, or by it alone. */
  readonly leftOut: readonly string[];
  readonly differences: readonly Difference[];
}

/** One outcome per row, in order. */
export async function replay(
  rows: readonly Row[],
  send: Send,
  clock: Clock,
  routes: readonly Route[] = ourRoutes,
): Promise<Outcome[]> {
  const placeholders = new Placeholders();
  const times = new Times();
  /** Keys that a route not built would have changed. */
  const touched = new Set<string>();
  const divergence = new Divergence();
  const keys = new KnownKeys();
  const outcomes: Outcome[] = [];

  async function outcomeOf(row: Row): Promise<Outcome> {
    const skip = (reason: Skipped): Outcome => ({
      row,
      skipped: reason,
      leftOut: [],
      differences: [],
    });
    if (row.name.startsWith('setup/')) return skip('directory of users and teams');
    if (rotatesAdminKey(row)) return skip('would rotate the key that all rows use');
    if (!isBuilt(row, routes)) {
      if (mayHaveChanged(row)) for (const name of keys.changedBy(row)) touched.add(name);
      return skip('route not built');
    }
    const missing = [...namesIn(row.request)].find((name) => !placeholders.knows(name));
    if (missing !== undefined) return skip(whyMissing(missing));

    await untilExpired(row);
    const sentAt = clock.now();
    const reply = await send(requestOf(row, rows, placeholders));
    const span: Span = {
      recordedAt: new Date(row.at),
      sentAt,
      answeredAt: clock.now(),
      skewMs: clock.skewMs,
    };
    const past = { views: keys.lastViews(row), changes: keys.changesOf(row) };
    keys.note(row, reply, span);
    renewed(row, reply);
    const names = keys.mentionedBy(row);
    if (row.response === null || names.some((name) => touched.has(name))) {
      const reason =
        row.response === null ? 'answer not recorded' : 'key changed by a route not built';
      return { ...skip(reason), differences: ownRules(row.name, reply) };
    }
    const compared = { row, reply, placeholders, times, span, past };
    const found = differencesOf(compared, row.response);
    divergence.note(row, keys.changedBy(row), {
      byLiteLlm: isMutation(row) && row.response.status < 300,
      byUs: isMutation(row) && reply.status < 300,
    });
    const isLeftOut = ({ field }: Difference) =>
      !isOfAnswer(field) && divergence.covers(names, field);
    return {
      row,
      skipped: null,
      leftOut: found.filter(isLeftOut).map(({ field }) => field),
      differences: found.filter((difference) => !isLeftOut(difference)),
    };
  }

  /** LiteLLM regenerates no key without a licence: one that we did goes on under its new value. */
  function renewed(row: Row, reply: Reply): void {
    const key = member(reply.body, 'key');
    if (!isRotation(row) || typeof key !== 'string') return;
    const [name] = namesIn([row.request.path, row.request.body]);
    if (name !== undefined) placeholders.renew(name, key);
  }

  /** A row that was answered to an expired key waits until ours has expired too. */
  async function untilExpired(row: Row): Promise<void> {
    const expiry = keys.callersExpiry(row);
    const type = member(member(row.response?.body, 'error'), 'type');
    if (type === 'expired_key' && expiry !== null) await clock.waitUntil(expiry);
  }

  function whyMissing(name: string): Skipped {
    const origin = rows.find(({ response }) => namesIn(response).has(name));
    return origin === undefined || isBuilt(origin, routes)
      ? 'key never issued here'
      : 'key made by a route not built';
  }

  for (const row of rows) outcomes.push(await outcomeOf(row));
  return outcomes;
}

const isOfAnswer = (field: string): boolean =>
  field === 'answer' || field === 'times' || field.startsWith('header.');

/** Both recordings have it, and nearly every row is sent with it. */
const adminKey = 'sk-1234';

const rotatesAdminKey = (row: Row): boolean =>
  isRotation(row) && row.request.path.includes(`/${adminKey}/`);

/** A recorded request with the generated values of this run. */
function requestOf(row: Row, rows: readonly Row[], placeholders: Placeholders): Request {
  const { method, path, headers } = row.request;
  const body = withRole(row, rows);
  const raw = member(body, '$raw');
  const text = typeof raw === 'string' ? raw : JSON.stringify(body);
  return {
    method,
    path: placeholders.fill(path),
    headers: Object.fromEntries(
      Object.entries(headers).map(([name, value]) => [name, placeholders.fill(value)]),
    ),
    body: body === null ? undefined : placeholders.fill(text),
  };
}

/** There is no directory: the first key of a user carries the role that LiteLLM keeps with the user. */
function withRole({ name, request }: Row, rows: readonly Row[]): unknown {
  const user = name.replace('generate/setup-', 'setup/user-');
  const role = member(rows.find((row) => row.name === user)?.request.body, 'user_role');
  return isObject(request.body) && user !== name && role !== undefined
    ? { ...request.body, user_role: role }
    : request.body;
}
