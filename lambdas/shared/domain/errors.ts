/** What went wrong, in the domain's terms; `http/error-response.ts` maps each to its status. */
export type ErrorKind =
  | 'invalid'
  | 'unauthenticated'
  | 'denied'
  | 'missing'
  | 'method-not-allowed'
  | 'conflict'
  | 'gone'
  | 'too-large'
  | 'malformed'
  | 'too-many'
  | 'unavailable';

interface Details {
  readonly param?: string | null;
  readonly retryAfterSeconds?: number | null;
  readonly cause?: unknown;
}

/**
 * An error whose message may be shown to the caller. It never quotes a value the caller sent:
 * that value may be a key.
 */
export abstract class DomainError extends Error {
  abstract readonly kind: ErrorKind;
  /** Stable code that clients match on: LiteLLM's `type` where it has one, else our own. */
  abstract readonly type: string;
  /** The request field at fault, or null. */
  readonly param: string | null;
  /** Seconds after which a retry makes sense, where one does. */
  readonly retryAfterSeconds: number | null;

  constructor(message: string, { param = null, retryAfterSeconds = null, cause }: Details = {}) {
    super(message, { cause });
    this.param = param;
    this.retryAfterSeconds = retryAfterSeconds;
  }
}

/** A field's value breaks a rule. */
export class InvalidField extends DomainError {
  readonly kind = 'invalid';
  readonly type = 'bad_request_error';

  constructor(param: string | null, message: string) {
    super(message, { param });
  }
}

/** The body is not JSON, or a field has the wrong JSON type. */
export class MalformedRequest extends DomainError {
  readonly kind = 'malformed';
  readonly type = 'validation_error';

  constructor(param: string | null, message: string) {
    super(message, { param });
  }
}

export class RequestTooLarge extends DomainError {
  readonly kind = 'too-large';
  readonly type = 'request_too_large';
}

/**
 * No valid credential. Missing, malformed, unknown and wrong keys get this very answer, so that it
 * tells nothing to a caller who has proved nothing.
 */
export class Unauthenticated extends DomainError {
  readonly kind = 'unauthenticated';
  readonly type = 'auth_error';

  constructor() {
    super('Authentication failed: send a valid virtual key as "Authorization: Bearer <key>".');
  }
}

/** The caller's key is genuine but no longer let in; only its holder can see this answer. */
export class KeyNotUsable extends DomainError {
  readonly kind = 'unauthenticated';
  readonly type: string;

  constructor(reason: 'expired' | 'blocked' | 'deleted') {
    super(`Authentication failed: this virtual key is ${reason}.`);
    this.type = reason === 'expired' ? 'expired_key' : 'auth_error';
  }
}

/** Of the routes that are not for the caller's role, those that LiteLLM answers with a 401, not a 403. */
export class RouteNotForRole extends DomainError {
  readonly kind = 'unauthenticated';
  readonly type = 'auth_error';
}

/** The caller is known but may not do this. */
export class Denied extends DomainError {
  readonly kind = 'denied';
  readonly type = 'auth_error';

  constructor(message: string, param: string | null = null) {
    super(message, { param });
  }
}

/** A list is narrowed to what the caller may not see. LiteLLM's type for it. */
export class FilterDenied extends DomainError {
  readonly kind = 'denied';
  readonly type = 'bad_request_error';

  constructor(param: string, message: string) {
    super(message, { param });
  }
}

export class RecordNotFound extends DomainError {
  readonly kind = 'missing';
  readonly type = 'not_found_error';

  constructor() {
    super('There is no audit record of this id.', { param: 'id' });
  }
}

export class KeyNotFound extends DomainError {
  readonly kind = 'missing';
  readonly type = 'not_found_error';

  /** @param param the field that names the key */
  constructor(param: string) {
    super('No key is known under this identifier.', { param });
  }
}

/** Of several keys that were named not one is known. */
export class NoneFound extends DomainError {
  readonly kind = 'missing';
  readonly type = 'bad_request_error';

  constructor() {
    super('None of these keys is known; nothing was deleted.', { param: 'key' });
  }
}

export class RouteNotFound extends DomainError {
  readonly kind = 'missing';
  readonly type = 'not_found_error';

  constructor() {
    super('There is no such route.');
  }
}

export class MethodNotAllowed extends DomainError {
  readonly kind = 'method-not-allowed';
  readonly type = 'method_not_allowed';
  readonly allowed: readonly string[];

  constructor(allowed: readonly string[]) {
    super(`This route takes ${allowed.join(', ')}.`);
    this.allowed = allowed;
  }
}

/** Another change is under way, or in the way; nothing was written. */
export class Conflict extends DomainError {
  readonly kind = 'conflict';
  readonly type = 'conflict';

  constructor(param: string | null, message: string, retryAfterSeconds: number | null) {
    super(message, { param, retryAfterSeconds });
  }
}

/** The header was used before, with another body. */
export class IdempotencyKeyReused extends DomainError {
  readonly kind = 'malformed';
  readonly type = 'idempotency_key_reused';

  constructor() {
    super('This Idempotency-Key was used for another request before; choose a new one.', {
      param: 'Idempotency-Key',
    });
  }
}

/** The first attempt gave this key a value that cannot be told again. */
export class IdempotencySuperseded extends DomainError {
  readonly kind = 'conflict';
  readonly type = 'idempotency_superseded';

  constructor(keyId: string, reason: string) {
    super(
      `The first request gave the key ${keyId} a value ${reason}; regenerate it for a new one.`,
      {
        param: 'Idempotency-Key',
      },
    );
  }
}

/** The first attempt was about a key that has been deleted since. */
export class KeyDeletedSince extends DomainError {
  readonly kind = 'gone';
  readonly type = 'key_deleted';

  constructor(keyId: string) {
    super(`The key ${keyId} of the first request has been deleted since.`, {
      param: 'Idempotency-Key',
    });
  }
}

/** A claim link shows no key. Its type tells the page, and whoever reads a log, which reason it is. */
export class ClaimRefused extends DomainError {
  readonly kind: 'missing' | 'gone' | 'denied';
  readonly type: string;

  constructor(kind: ClaimRefused['kind'], type: string, message: string, cause?: unknown) {
    super(message, { param: 'token', cause });
    this.kind = kind;
    this.type = type;
  }
}

/** More of it than is allowed in a time. */
export class TooManyRequests extends DomainError {
  readonly kind = 'too-many';
  readonly type = 'rate_limit_exceeded';

  constructor(message: string, retryAfterSeconds: number) {
    super(message, { retryAfterSeconds });
  }
}

/** A service behind us throttles, refuses or does not answer. */
export class Unavailable extends DomainError {
  readonly kind = 'unavailable';
  readonly type = 'service_unavailable';

  constructor(message: string, retryAfterSeconds: number, cause?: unknown) {
    super(message, { retryAfterSeconds, cause });
  }
}
