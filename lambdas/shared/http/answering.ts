/** Requests in, answers and log lines out: the part of the stack that needs no caller. */
import middy from '@middy/core';
import type { APIGatewayProxyEventV2, APIGatewayProxyStructuredResultV2 } from 'aws-lambda';
import { causeOf, describe } from '../adapters/log.ts';
import { requestLine } from '../adapters/request-line.ts';
import { DomainError } from '../domain/errors.ts';
import { type Answer, gatewayAnswer } from './answer.ts';
import { errorResponse } from './error-response.ts';
import { type Request, requestOf } from './request.ts';

/** What a call adds to its log line. */
export interface Note {
  principal?: string;
  key_id?: string;
}

/** A Lambda handler that answers every request, also when `handle` throws, and logs one line. */
export function answering(name: string, handle: (request: Request, note: Note) => Promise<Answer>) {
  return middy<APIGatewayProxyEventV2, APIGatewayProxyStructuredResultV2>().handler(
    async (event: APIGatewayProxyEventV2) => {
      const request = requestOf(event);
      const write = requestLine(name, request.id);
      const note: Note = {};
      const { answer, error } = await handle(request, note).then(
        (given) => ({ answer: given, error: null }),
        (thrown: unknown) => ({ answer: errorResponse(thrown, request.id), error: thrown }),
      );
      write(answer.status, { ...note, ...keyOf(answer), ...troubleOf(error) });
      return gatewayAnswer(answer, request.id);
    },
  );
}

const keyOf = ({ keyId }: Answer) => (keyId === undefined ? {} : { key_id: keyId });

function troubleOf(error: unknown) {
  if (error === null) return {};
  if (!(error instanceof DomainError)) return { error: describe(error) };
  return { error_type: error.type, ...causeOf(error) };
}
