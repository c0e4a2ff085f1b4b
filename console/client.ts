/**
 * The public API as the holder of a key, and nothing beside it. The key is in this closure alone, and
 * goes nowhere but into the `Authorization` header of calls to where the page came from.
 */
import type { IssuedKey, Key, KeyInfo, KeysPart, RecordsPart, RotatedKey } from './answers.ts';

/** The API's own refusal. */
export class Refused extends Error {
  readonly status: number;
  /** The field at fault, or null. */
  readonly param: string | null;

  constructor(status: number, message: string, param: string | null) {
    super(message);
    this.status = status;
    this.param = param;
  }
}

/** Nothing came back: a change may have been made all the same. */
export class Unanswered extends Error {
  constructor(cause: unknown) {
    super('There was no answer. Check your connection and try again: it is not done twice.', {
      cause,
    });
  }
}

/** Longer than API Gateway waits for a function. */
const patienceMs = 35_000;

type Query = Readonly<Record<string, string>>;

interface Call {
  readonly path: string;
  readonly query?: Query;
  readonly body?: object;
  /** `Idempotency-Key` of a change. */
  readonly attempt?: string;
  readonly signal?: AbortSignal;
}

export type Fetch = (input: string, init: RequestInit) => Promise<Response>;

/** Whether a text can be sent as a credential; others break the header. */
export const isSendable = (key: string): boolean => /^[\x21-\x7e]+$/.test(key);

/**
 * Every method throws `Refused` or `Unanswered`, and what `signal` was aborted with.
 *
 * @param onEnded told why, where the key is let in no more
 */
export function clientOf(key: string, onEnded: (reason: string) => void, fetch: Fetch) {
  async function sent<T>({ path, query = {}, body, attempt, signal }: Call): Promise<T> {
    const search = new URLSearchParams(query).toString();
    const patience = AbortSignal.timeout(patienceMs);
    let response: Response;
    let answer: unknown;
    try {
      response = await fetch(search === '' ? path : `${path}?${search}`, {
        method: body === undefined ? 'GET' : 'POST',
        headers: {
          authorization: `Bearer ${key}`,
          ...(body === undefined ? {} : { 'content-type': 'application/json' }),
          ...(attempt === undefined ? {} : { 'idempotency-key': attempt }),
        },
        ...(body === undefined ? {} : { body: JSON.stringify(body) }),
        cache: 'no-store',
        credentials: 'omit',
        // A redirect could take the key elsewhere.
        redirect: 'error',
        referrerPolicy: 'no-referrer',
        signal: signal === undefined ? patience : AbortSignal.any([signal, patience]),
      });
      const text = await response.text();
      if (response.ok) return JSON.parse(text);
      answer = jsonOf(text);
    } catch (error) {
      signal?.throwIfAborted();
      throw new Unanswered(error);
    }
    throw refusalOf(response.status, answer);
  }

  /** A 401 is also what some roles get for some routes: only where the key itself is refused is it the end. */
  async function called<T>(call: Call): Promise<T> {
    try {
      return await sent<T>(call);
    } catch (error) {
      if (isUnauthorised(error)) {
        await self().catch((reason: unknown) => {
          if (isUnauthorised(reason)) onEnded(reason.message);
        });
      }
      throw error;
    }
  }

  const self = (): Promise<KeyInfo> => sent({ path: 'key/info' });

  return {
    /** The key that calls. */
    self,
    list: (query: Query, signal: AbortSignal) =>
      called<KeysPart>({
        path: 'key/list',
        query: { return_full_object: 'true', ...query },
        signal,
      }),
    show: (keyId: string, signal: AbortSignal) =>
      called<KeyInfo>({ path: 'key/info', query: { key: keyId }, signal }),
    trail: (keyId: string, cursor: string, signal?: AbortSignal) =>
      called<RecordsPart>({
        path: 'audit',
        query: { key_id: keyId, cursor, page_size: '20' },
        signal,
      }),
    generate: (body: object, attempt: string) =>
      called<IssuedKey>({ path: 'key/generate', body, attempt }),
    regenerate: (body: object, attempt: string) =>
      called<RotatedKey>({ path: 'key/regenerate', body, attempt }),
    block: (body: object, attempt: string) => called<Key>({ path: 'key/block', body, attempt }),
    unblock: (body: object, attempt: string) => called<Key>({ path: 'key/unblock', body, attempt }),
    remove: (body: object, attempt: string) =>
      called<{ deleted_keys: string[] }>({ path: 'key/delete', body, attempt }),
  };
}

export type Client = ReturnType<typeof clientOf>;

const isUnauthorised = (error: unknown): error is Refused =>
  error instanceof Refused && error.status === 401;

function jsonOf(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}

/** API Gateway's own refusals (429, 503) have a message and no more. */
function refusalOf(status: number, answer: unknown): Refused {
  const told = memberOf(answer, 'error') ?? answer;
  const message = memberOf(told, 'message');
  const param = memberOf(told, 'param');
  return new Refused(
    status,
    typeof message === 'string' ? message : `The service answered ${status}.`,
    typeof param === 'string' ? param : null,
  );
}

const memberOf = (value: unknown, name: string): unknown =>
  typeof value === 'object' && value !== null && Object.hasOwn(value, name)
    ? Reflect.get(value, name)
    : undefined;
