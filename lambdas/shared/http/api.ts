/**
 * The stack every API operation runs in: it normalises the request, finds out who calls, what they
 * may do and what the operation reads, and turns whatever is thrown into the one error shape. So an
 * operation has no try/catch, no status codes for failures, and cannot forget to authorise.
 */
import { whoOf } from '../domain/changed-by.ts';
import { authenticate, credentialOf } from '../domain/credential.ts';
import { type Deadline, deadlineOf } from '../domain/deadline.ts';
import {
  type Attempt,
  checkIdempotencyKey,
  recordIdOf,
  requestHashOf,
} from '../domain/idempotency.ts';
import type { Who } from '../domain/key-row.ts';
import type { KeyTable, Loaded, Wanted } from '../domain/ports.ts';
import { type Caller, type Operation, type Scope, scopeOf } from '../domain/roles.ts';
import type { Settings } from '../domain/settings.ts';
import type { Answer } from './answer.ts';
import { answering } from './answering.ts';
import { presentedKey } from './presented-key.ts';
import type { Request } from './request.ts';
import { tried } from './tried.ts';

/** What is fixed about an operation. */
export interface Route<Input> {
  /** Folder, construct id and log field. */
  readonly name: string;
  /** The right that a request takes, a row of the table in `roles.ts`. */
  readonly right: (request: Request) => Operation;
  /** Reads the input. What it throws is answered only to an authenticated caller. */
  readonly parse: (request: Request) => Input;
  /**
   * Whether `Idempotency-Key` makes a repeat safe: so it is on every route that changes something. Only
   * such a route heeds `litellm-changed-by`.
   */
  readonly takesIdempotencyKey: boolean;
  /** What is read together with the caller, in one call. */
  readonly reads: (input: Input) => Omit<Wanted, 'caller'>;
}

/** One authorised call of an operation. */
export interface Call<Input> {
  readonly input: Input;
  readonly caller: Caller;
  readonly scope: Scope;
  readonly who: Who;
  readonly loaded: Loaded;
  /** Set where the request has an `Idempotency-Key`. */
  readonly attempt: Attempt | null;
  readonly deadline: Deadline;
  readonly requestId: string;
  readonly presentedKey: string;
}

export interface Wiring<Input> {
  readonly table: KeyTable;
  readonly now: () => Date;
  readonly settings: Settings;
  readonly operation: (call: Call<Input>) => Promise<Answer>;
}

/** The Lambda handler of an operation; its wiring is made once per container, on the first call. */
export function api<Input>(route: Route<Input>, wire: () => Wiring<Input>) {
  let wiring: Wiring<Input> | undefined;
  return answering(route.name, async (request, note) => {
    wiring ??= wire();
    const { table, now, settings, operation } = wiring;
    const deadline = deadlineOf(settings.timing.functionTimeoutSeconds, now);
    const presented = presentedKey(request) ?? '';
    const credential = credentialOf(presented);
    // Bad input is told to nobody who has not proved who they are: first the caller, then the body.
    const parsed = tried(() => ({
      input: route.parse(request),
      idempotencyKey: route.takesIdempotencyKey ? idempotencyKeyOf(request) : null,
    }));
    const loaded = await table.load(
      { caller: credential.ref, ...('done' in parsed ? wanted(route, request, parsed.done) : {}) },
      deadline.tableLimitMs(),
    );
    const caller = authenticate(credential, loaded.caller, now());
    note.principal = caller.keyId;
    if (loaded.target !== null) note.key_id = loaded.target.keyId;
    const scope = scopeOf(caller, route.right(request), request.route);
    if ('error' in parsed) throw parsed.error;
    const { input, idempotencyKey } = parsed.done;
    return operation({
      input,
      attempt:
        idempotencyKey === null
          ? null
          : {
              id: recordIdOf(request.route, caller.keyId, idempotencyKey),
              requestHash: requestHashOf(input),
            },
      caller,
      scope,
      // A look records nobody, and is refused for no name.
      who: whoOf(
        caller,
        (route.takesIdempotencyKey && request.headers['litellm-changed-by']) || null,
        request.sourceIp,
      ),
      loaded,
      deadline,
      requestId: request.id,
      presentedKey: presented,
    });
  });
}

interface Parsed<Input> {
  readonly input: Input;
  readonly idempotencyKey: string | null;
}

const wanted = <Input>(
  route: Route<Input>,
  request: Request,
  { input, idempotencyKey }: Parsed<Input>,
): Omit<Wanted, 'caller'> => ({
  ...route.reads(input),
  ...(idempotencyKey === null
    ? {}
    : { recordIdOf: (keyId: string) => recordIdOf(request.route, keyId, idempotencyKey) }),
});

function idempotencyKeyOf({ headers }: Request): string | null {
  const header = headers['idempotency-key'];
  return header === undefined ? null : checkIdempotencyKey(header);
}
