/**
 * What Lambda writes into the failure bucket when a stream reader gives a batch up.
 * https://docs.aws.amazon.com/lambda/latest/dg/services-dynamodb-errors.html
 */
import * as z from 'zod/mini';

export const readers = ['audit-key-change', 'email-key-change'] as const;
export type Reader = (typeof readers)[number];

/** Only what is needed to name a record; it is handed on as it was recorded. */
const streamRecord = z.looseObject({
  dynamodb: z.looseObject({
    SequenceNumber: z.string().check(z.minLength(1)),
    Keys: z.looseObject({ pk: z.looseObject({ S: z.string() }) }),
  }),
});
export type StreamRecord = z.infer<typeof streamRecord>;

const event = z.looseObject({ Records: z.array(streamRecord).check(z.minLength(1)) });

const invocationRecord = z.looseObject({
  requestContext: z.looseObject({ functionArn: z.string(), condition: z.string() }),
  // The documentation shows text and does not say so: the event itself would do as well.
  payload: z.unknown(),
});

export interface RecordedBatch {
  readonly reader: Reader;
  readonly functionArn: string;
  /** Why it was given up, in Lambda's words. */
  readonly condition: string;
  readonly records: readonly StreamRecord[];
}

/** Reads an object of the failure bucket. Throws where it is none that a reader's mapping wrote. */
export function recordedBatch(text: string): RecordedBatch {
  const { requestContext, payload } = shaped(invocationRecord, json(text), 'an invocation record');
  const { functionArn, condition } = requestContext;
  const reader = readers.find((name) =>
    functionArn.includes(`-Streams${name.replaceAll('-', '')}`),
  );
  if (reader === undefined) throw new Error(`${functionArn} is no stream reader`);
  const { Records } = shaped(
    event,
    typeof payload === 'string' ? json(payload) : payload,
    'an event with records of a stream',
  );
  return { reader, functionArn, condition, records: Records };
}

/** The key whose row was written. */
export const keyIdOf = ({ dynamodb }: StreamRecord): string =>
  dynamodb.Keys.pk.S.replace(/^KEY#/, '');

function json(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    throw new Error('It is no JSON');
  }
}

/** Without the parser's message, which could quote what is in a row. */
function shaped<T>(shape: z.ZodMiniType<T>, value: unknown, what: string): T {
  const { success, data } = z.safeParse(shape, value);
  if (!success) throw new Error(`It is not ${what}`);
  return data;
}
