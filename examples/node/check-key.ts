/**
 * A server in front of another, which lets through whoever has a key that Latchkey has for good. On
 * Node 24, nothing to install: LATCHKEY_URL=… LATCHKEY_KEY=… BACKEND_URL=… node check-key.ts
 */
import {
  createServer,
  type IncomingHttpHeaders,
  type IncomingMessage,
  request,
  type ServerResponse,
} from 'node:http';
import { pipeline } from 'node:stream';

export interface Settings {
  readonly latchkeyUrl: string;
  /** A key of type `read_only`, which may look at keys and do nothing else. */
  readonly ownKey: string;
  readonly backendUrl: string;
}

/** What is used of the answer of `POST /key/verify`; docs/openapi.json has all of it. */
type Verdict =
  | { valid: true; key_id: string; key_type: string; user_id: string | null }
  | { valid: false; reason: string };

export const gate = (settings: Settings) =>
  createServer((incoming, outgoing) => {
    letThrough(settings, incoming, outgoing).catch(() => outgoing.destroy());
  });

async function letThrough(settings: Settings, incoming: IncomingMessage, outgoing: ServerResponse) {
  const refuse = (status: number, message: string): void => {
    outgoing.writeHead(status, { 'content-type': 'application/json' });
    outgoing.end(JSON.stringify({ error: { message } }));
  };
  const { authorization = '', ...headers } = incoming.headers;
  const verdict = await verify(settings, authorization.replace(/^bearer +/i, '')).catch(() => null);
  // Not a 401: nobody knows now whether the key is good.
  if (verdict === null) return refuse(503, 'Keys cannot be checked now.');
  if (!verdict.valid) return refuse(401, `This key is not let in: ${verdict.reason}.`);
  const isForModels = ['default', 'llm_api'].includes(verdict.key_type);
  if (!isForModels) return refuse(403, `A key of type ${verdict.key_type} is for Latchkey alone.`);
  // A user id may be any text, a header may not.
  const userId = encodeURIComponent(verdict.user_id ?? '');
  const who = { 'x-key-id': verdict.key_id, 'x-user-id': userId };
  const { method, url: path } = incoming;
  const onward = request(settings.backendUrl, {
    method,
    path,
    headers: { ...endToEnd(headers), ...framing(headers), ...who },
  });
  // Not `pipe`: where one side breaks off, that leaves the other one waiting.
  onward.on('response', (answer) => {
    outgoing.writeHead(answer.statusCode ?? 502, endToEnd(answer.headers));
    pipeline(answer, outgoing, () => undefined);
  });
  onward.on('error', () => outgoing.destroy());
  pipeline(incoming, onward, () => undefined);
}

/** Headers about one connection: RFC 9110, 7.6.1. */
const hopByHop = [
  'connection',
  'keep-alive',
  'proxy-authenticate',
  'proxy-authorization',
  'proxy-connection',
  'te',
  'trailer',
  'transfer-encoding',
  'upgrade',
];

/**
 * What goes on, without the names in `Connection`: a proxy behind this one would take away what they
 * name, which could be the headers that say whose key it is.
 */
function endToEnd(headers: IncomingHttpHeaders): IncomingHttpHeaders {
  const named = (headers.connection ?? '').split(',').map((name) => name.trim().toLowerCase());
  const dropped = new Set([...hopByHop, ...named]);
  return Object.fromEntries(Object.entries(headers).filter(([name]) => !dropped.has(name)));
}

/** Says where the body ends, whatever `Connection` names: else it could pass for a request of its own. */
function framing(headers: IncomingHttpHeaders): IncomingHttpHeaders {
  const length = headers['content-length'];
  if (length !== undefined) return { 'content-length': length };
  return headers['transfer-encoding'] === undefined ? {} : { 'transfer-encoding': 'chunked' };
}

async function verify({ latchkeyUrl, ownKey }: Settings, key: string): Promise<Verdict> {
  const headers = { authorization: `Bearer ${ownKey}`, 'content-type': 'application/json' };
  const answer = await fetch(`${latchkeyUrl}/key/verify`, {
    method: 'POST',
    headers,
    body: JSON.stringify({ key }),
    redirect: 'error', // The own key goes nowhere else.
    signal: AbortSignal.timeout(5000),
  });
  const verdict: Verdict | null = answer.ok ? JSON.parse(await answer.text()) : null;
  if (typeof verdict?.valid !== 'boolean') throw new Error(`Latchkey answered ${answer.status}`);
  return verdict;
}

if (import.meta.main) {
  const { LATCHKEY_URL = '', LATCHKEY_KEY = '', BACKEND_URL = '' } = process.env;
  const { HOST = 'localhost', PORT = '8080' } = process.env;
  const settings = { latchkeyUrl: LATCHKEY_URL, ownKey: LATCHKEY_KEY, backendUrl: BACKEND_URL };
  gate(settings).listen(Number(PORT), HOST);
}
