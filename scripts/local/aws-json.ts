import * as z from 'zod/mini';
import type { Answer } from './forward.ts';

/** An answer of the AWS JSON 1.1 protocol. */
export function jsonAnswer(status: number, body: unknown): Answer {
  const headers = { 'content-type': 'application/x-amz-json-1.1' };
  return { status, headers, body: Buffer.from(JSON.stringify(body)) };
}

/** A client error of the AWS JSON 1.1 protocol, which the SDK turns into an exception of that name. */
export function errorAnswer(type: string, message: string): Answer {
  return jsonAnswer(400, { __type: type, message, Message: message });
}

/** The body of a request or answer as an object; empty when it is none. */
export function parseObject(body: Buffer): Record<string, unknown> {
  try {
    const parsed = z.safeParse(
      z.record(z.string(), z.unknown()),
      JSON.parse(body.toString('utf8')),
    );
    return parsed.success ? parsed.data : {};
  } catch {
    return {};
  }
}

/** The name of the exception that an answer carries, or null for a success. */
export function errorType(answer: Answer): string | null {
  if (answer.status < 300) return null;
  const { __type: type } = parseObject(answer.body);
  return typeof type === 'string' ? (type.split('#').at(-1) ?? type) : `Http${answer.status}`;
}
