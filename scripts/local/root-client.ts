import { errorType, parseObject } from './aws-json.ts';
import type { Forwarder } from './forward.ts';
import { localIdentity } from './project.ts';

export interface RootAnswer {
  /** Name of the exception, or null for a success. */
  readonly error: string | null;
  readonly output: Record<string, unknown>;
}

/** Calls an operation such as `secretsmanager.GetSecretValue` and answers its refusals as values. */
export type RootClient = (target: string, input: object) => Promise<RootAnswer>;

/** The local AWS as its root user, for services of the JSON protocol, without a client library each. */
export function rootClient(forwarder: Forwarder): RootClient {
  return async (target, input) => {
    const service = target.split(/[._]/)[0]?.toLowerCase() ?? '';
    const answer = await forwarder.send({
      method: 'POST',
      path: '/',
      headers: {
        host: 'localhost',
        'content-type': 'application/x-amz-json-1.1',
        'x-amz-target': target,
        authorization: signedFor(service),
      },
      body: Buffer.from(JSON.stringify(input)),
    });
    return { error: errorType(answer), output: parseObject(answer.body) };
  };
}

/** Invokes a function of the local AWS and tells whether it succeeded, which an unanswered call has not. */
export async function invokeAsRoot(
  forwarder: Forwarder,
  functionArn: string,
  event: object,
): Promise<boolean> {
  try {
    const { status, headers } = await forwarder.send({
      method: 'POST',
      path: `/2015-03-31/functions/${encodeURIComponent(functionArn)}/invocations`,
      headers: { host: 'localhost', authorization: signedFor('lambda') },
      body: Buffer.from(JSON.stringify(event)),
    });
    return status === 200 && headers['x-amz-function-error'] === undefined;
  } catch {
    return false;
  }
}

/** The local AWS does not check its root user's signature. */
function signedFor(service: string): string {
  const { region, credentials } = localIdentity;
  const scope = `${credentials.accessKeyId}/20260101/${region}/${service}/aws4_request`;
  return `AWS4-HMAC-SHA256 Credential=${scope}, SignedHeaders=host, Signature=0`;
}

/** The output of a call that has to succeed. Throws with the exception's name and message otherwise. */
export async function mustCall(
  client: RootClient,
  target: string,
  input: object,
): Promise<Record<string, unknown>> {
  const { error, output } = await client(target, input);
  if (error === null) return output;
  const why = output.message ?? output.Message;
  throw new Error(
    `${target} in the local AWS failed: ${error}${typeof why === 'string' ? `, ${why}` : ''}`,
  );
}
