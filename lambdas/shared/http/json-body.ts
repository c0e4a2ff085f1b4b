import type * as z from 'zod/mini';
import { MalformedRequest, RequestTooLarge } from '../domain/errors.ts';
import type { Request } from './request.ts';

const maxBytes = 256 * 1024;
/** More than anything stored has; without a bound whatever walks the body could run out of stack. */
const maxDepth = 64;
/** A list of wrong entries has a problem each: the answer names the first few. */
const maxProblems = 5;

/**
 * The request's JSON body, parsed by its schema; fields that the schema does not name are ignored.
 * Throws `RequestTooLarge` over 256 kB, else `MalformedRequest` that names the first field at
 * fault. What was sent is never quoted: it may be a key.
 */
export function jsonBody<Schema extends z.ZodMiniType>(
  schema: Schema,
  request: Request,
): z.output<Schema> {
  const parsed = schema.safeParse(readJson(request));
  if (parsed.success) return parsed.data;
  const problems = parsed.error.issues
    .slice(0, maxProblems)
    .map((issue) => `${issue.path.join('.') || 'body'}: ${issue.message}`);
  const first = parsed.error.issues[0]?.path[0];
  throw new MalformedRequest(first === undefined ? null : String(first), problems.join('; '));
}

function readJson({ body, headers }: Request): unknown {
  if (body === null) throw new MalformedRequest(null, 'A JSON body is required.');
  if (Buffer.byteLength(body) > maxBytes) {
    throw new RequestTooLarge(`The body must have at most ${maxBytes} bytes.`);
  }
  const type = headers['content-type'] ?? 'application/json';
  if (!/^application\/([\w.-]+\+)?json\b/i.test(type)) {
    throw new MalformedRequest(null, 'The content type must be application/json.');
  }
  let parsed: unknown;
  try {
    parsed = JSON.parse(body);
  } catch {
    throw new MalformedRequest(null, 'The body is not valid JSON.');
  }
  if (typeof parsed !== 'object' || parsed === null || Array.isArray(parsed)) {
    throw new MalformedRequest(null, 'The body must be a JSON object.');
  }
  if (isDeeper(parsed, maxDepth)) {
    throw new MalformedRequest(null, `The body is nested deeper than ${maxDepth} levels.`);
  }
  return parsed;
}

const isDeeper = (value: unknown, levels: number): boolean =>
  typeof value === 'object' &&
  value !== null &&
  (levels === 0 || Object.values(value).some((member) => isDeeper(member, levels - 1)));
