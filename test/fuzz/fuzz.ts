/**
 * Requests made from the OpenAPI document, against the whole service over the strict fakes: no answer is a
 * 5xx or off the document, none tells a key that it should not, a refusal changes nothing, and when all has
 * come to rest every invariant holds.
 */
import * as fc from 'fast-check';
import { startedService } from '../fakes/service.ts';
import { atRest, everything } from '../lambdas/fixtures/calls.ts';
import { type Operation, operations } from './document.ts';
import { valuesFor, valuesOf } from './values-of.ts';

export interface Report {
  readonly requests: number;
  /** How many were answered so. */
  readonly statuses: Readonly<Record<string, number>>;
  /** Operations that were answered with a 200 at least once. */
  readonly succeeded: ReadonlySet<string>;
}

type Service = Awaited<ReturnType<typeof startedService>>;

/** Requests in a row to one service. */
const inARow = 40;
/** Routes whose 200 tells a key: that is what they are for. */
const tells = new Set([
  'POST /key/generate',
  'POST /key/service-account/generate',
  'POST /key/regenerate',
  'POST /key/{key}/regenerate',
  'POST /key/claim',
]);

/** Their answers name a key as the request did, as LiteLLM's do. */
const repeats = new Set([
  'GET /key/info',
  'POST /key/update',
  'POST /v2/key/info',
  'POST /key/delete',
  'POST /key/bulk_update',
]);

/** Throws where an answer or what is left is not as it must be; the error has seed, path and request. */
export async function fuzz(requests: number, seed: number, path?: string): Promise<Report> {
  const statuses: Record<string, number> = {};
  const succeeded = new Set<string>();
  let sent = 0;
  await fc.assert(
    fc.asyncProperty(
      fc.array(fc.tuple(fc.nat(), fc.gen()), { size: 'max', minLength: inARow, maxLength: inARow }),
      async (draws) => {
        const service = await startedService();
        await service.provisionAdminSecret();
        const keys = await populate(service);
        for (const [index, draw] of draws) {
          const operation = operations[index % operations.length];
          if (operation === undefined) continue;
          const asked = draw(requestOf, operation, keys);
          const answer = await check(service, operation, asked, keys);
          sent += 1;
          statuses[answer] = (statuses[answer] ?? 0) + 1;
          if (answer === 200) succeeded.add(`${operation.method} ${operation.path}`);
        }
        const broken = await atRest(service);
        if (broken.length > 0) throw new Error(broken.join('\n'));
      },
    ),
    {
      numRuns: Math.ceil(requests / inARow),
      seed,
      ...(path === undefined ? {} : { path }),
      endOnFailure: true,
    },
  );
  return { requests: sent, statuses, succeeded };
}

interface Keys {
  /** Values that a request may present, or name a key by. */
  readonly values: readonly string[];
  /** Ids, hashes and aliases. */
  readonly names: readonly string[];
}

async function populate(service: Service): Promise<Keys> {
  const bodies = [
    { user_role: 'proxy_admin' },
    { key_alias: 'one', user_id: 'ada@example.com', max_budget: 5, team_id: 't' },
    { user_id: 'ada@example.com', key_type: 'read_only' },
    { key_alias: 'unmirrored', store_secret: false, metadata: { a: 1 } },
    { user_role: 'proxy_admin_viewer' },
  ];
  const born = [];
  for (const body of bodies) born.push((await service.generate(body)).body);
  await service.deliver();
  return {
    values: ['sk-1234', ...born.map(({ key }) => String(key))],
    names: [
      'one',
      'master',
      ...born.flatMap(({ key_id, token }) => [String(key_id), String(token), `${key_id}_1`]),
    ],
  };
}

interface Asked {
  readonly target: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string | undefined;
}

function requestOf({ path, parameters, body }: Operation, { values, names }: Keys) {
  // Not the local admin key, which is too short to be looked for in what is stored.
  const known = fc.constantFrom(...names, ...values.slice(1));
  const text = (value: unknown) => (typeof value === 'string' ? value : JSON.stringify(value));
  const escaped = (value: unknown) => encodeURIComponent(text(value).toWellFormed());
  const drawn = parameters.map((parameter) =>
    valuesFor(parameter.name, parameter.schema, known).map((value) => ({ ...parameter, value })),
  );
  // An admin's most of the time, for else little but refusals would be seen.
  const credential = fc.oneof(
    { weight: 4, arbitrary: fc.constantFrom(...values.slice(0, 2)) },
    { weight: 2, arbitrary: fc.constantFrom(...values) },
    { weight: 1, arbitrary: fc.constantFrom('', 'sk-unknown-to-anybody', `${values[1]}x`) },
  );
  const sentBody =
    body === null
      ? fc.constant(undefined)
      : fc.oneof(
          { weight: 12, arbitrary: valuesOf(body, known).map((value) => JSON.stringify(value)) },
          { weight: 1, arbitrary: fc.constantFrom(undefined, '', '{', 'null', '[]', '"x"') },
        );
  const some = fc.array(fc.boolean(), { minLength: drawn.length, maxLength: drawn.length });
  return fc
    .tuple(credential, sentBody, fc.tuple(...drawn), some)
    .map(([key, content, given, isGiven]): Asked => {
      const chosen = given.filter(({ in: place }, index) => place === 'path' || isGiven[index]);
      const target = chosen
        .filter((each) => each.in === 'path')
        .reduce((all, { name, value }) => all.replace(`{${name}}`, segment(escaped(value))), path);
      const query = chosen
        .filter((each) => each.in === 'query')
        .map(({ name, value }) => `${name}=${escaped(value)}`);
      const headers = chosen
        .filter((each) => each.in === 'header')
        .map(({ name, value }) => [name, headerText(text(value))]);
      return {
        target: query.length === 0 ? target : `${target}?${query.join('&')}`,
        headers: {
          ...(key === '' ? {} : { authorization: `Bearer ${key}` }),
          ...Object.fromEntries(headers),
        },
        body: content,
      };
    });
}

/** Nothing, or slashes alone, would be a path that is none, or another one with a slash too many. */
const segment = (text: string) => (/^(%2F)*$/.test(text) ? '-' : text);

/** What a client could send at all: the rest does not reach a function. */
const headerText = (text: string) => text.replaceAll(/[^\x20-\x7e]/g, '').trim();

/** What a step that is taken back leaves as it was: all but the count of a row's writes. */
async function lasting(service: Service): Promise<string> {
  const { stream: _, ...rest } = await everything(service);
  return JSON.stringify(rest, (name, value: unknown) => (name === 'rev' ? undefined : value));
}

async function check(
  service: Service,
  { method, path, complaint }: Operation,
  { target, headers, body }: Asked,
  keys: Keys,
): Promise<number> {
  const complain = (what: string): never => {
    throw new Error(`${method} ${target} ${JSON.stringify(headers)} ${body}: ${what}`);
  };
  const before = await lasting(service);
  const answer = await service.answer({
    method,
    target,
    headers: Object.entries({ 'content-type': 'application/json', ...headers }),
    body: Buffer.from(body ?? ''),
    sourceIp: '192.0.2.1',
    requestId: 'request-1',
    at: service.now(),
  });
  const status = answer.statusCode ?? 0;
  const text = answer.isBase64Encoded === true ? '{}' : (answer.body ?? '');
  const type = String(answer.headers?.['content-type'] ?? '');
  if (status >= 500) complain(`${status} ${text}`);
  const isJson = type.startsWith('application/json');
  const sent = text === '' ? undefined : text;
  const wrong = complaint(status, type, isJson && sent !== undefined ? JSON.parse(sent) : sent);
  if (wrong !== null) complain(`${status}: ${wrong} in ${text}`);
  const route = `${method} ${path}`;
  const told = keys.values.slice(1).filter((key) => text.includes(key));
  const isAsked = (key: string) => repeats.has(route) && `${target} ${body}`.includes(key);
  if (status !== 200 || !tells.has(route)) {
    const leaked = told.find((key) => !isAsked(key));
    if (leaked !== undefined) complain(`tells ${leaked} in ${text}`);
  }
  if (status >= 400) {
    if ((await lasting(service)) !== before) complain('a refusal has changed something');
  }
  return status;
}
