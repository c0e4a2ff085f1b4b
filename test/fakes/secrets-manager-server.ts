/**
 * The second mount of the fake Secrets Manager: the service's JSON protocol on loopback, for the real
 * SDK client and for deployed functions (`AWS_ENDPOINT_URL_SECRETS_MANAGER`). Signatures and
 * permissions are not looked at.
 */
import { createServer } from 'node:http';
import * as z from 'zod/mini';
import { errorAnswer, jsonAnswer, parseObject } from '../../scripts/local/aws-json.ts';
import type { Answer } from '../../scripts/local/forward.ts';
import { close, listen, readBody } from '../../scripts/local/listen.ts';
import { AwsRefusal } from './aws-refusal.ts';
import type { FakeSecretsManager } from './secrets-manager.ts';

export interface FakeServer {
  readonly url: string;
  stop(): Promise<void>;
}

export async function serveSecretsManager(service: FakeSecretsManager): Promise<FakeServer> {
  const operations = operationsOf(service);
  const answerCall = (target: unknown, body: Buffer): Answer => {
    const operation = operations[String(target).replace('secretsmanager.', '')];
    if (operation === undefined) return errorAnswer('UnknownOperationException', String(target));
    try {
      return jsonAnswer(200, withEpochs(operation(parseObject(body))));
    } catch (error) {
      if (error instanceof AwsRefusal) return errorAnswer(error.name, error.message);
      if (!(error instanceof z.core.$ZodError)) throw error;
      return errorAnswer('SerializationException', error.message);
    }
  };
  const server = createServer((incoming, outgoing) => {
    const answer = async () =>
      answerCall(incoming.headers['x-amz-target'], await readBody(incoming));
    const send = ({ status, headers, body }: Answer) =>
      outgoing.writeHead(status, headers).end(body);
    answer().then(send, (error) =>
      send(jsonAnswer(500, { __type: 'InternalServiceError', message: String(error) })),
    );
  });
  const port = await listen(server, 0);
  return { url: `http://127.0.0.1:${port}`, stop: () => close(server) };
}

const text = z.optional(z.string());
const tags = z.array(z.object({ Key: z.string(), Value: z.string() }));
const named = z.strictObject({ SecretId: z.string() });

/** Members that the fake does not know are refused, so that no call is taken for another. */
const operationsOf = (service: FakeSecretsManager): Record<string, (input: unknown) => object> => ({
  CreateSecret: (input) => service.createSecret(createInput.parse(input)),
  GetSecretValue: (input) => service.getSecretValue(getInput.parse(input)),
  DescribeSecret: (input) => service.describeSecret(named.parse(input)),
  PutSecretValue: (input) => service.putSecretValue(putInput.parse(input)),
  UpdateSecretVersionStage: (input) => service.updateSecretVersionStage(stageInput.parse(input)),
  DeleteSecret: (input) => service.deleteSecret(deleteInput.parse(input)),
  RestoreSecret: (input) => service.restoreSecret(named.parse(input)),
  RotateSecret: (input) => service.rotateSecret(rotateInput.parse(input)),
  TagResource: (input) => service.tagResource(tagInput.parse(input)),
});

const createInput = z.strictObject({
  Name: z.string(),
  Description: text,
  SecretString: text,
  ClientRequestToken: text,
  KmsKeyId: text,
  Tags: z.optional(tags),
});
const getInput = z.extend(named, { VersionId: text, VersionStage: text });
const putInput = z.extend(named, {
  SecretString: z.string(),
  ClientRequestToken: text,
  VersionStages: z.optional(z.array(z.string())),
});
const stageInput = z.extend(named, {
  VersionStage: z.string(),
  MoveToVersionId: text,
  RemoveFromVersionId: text,
});
const rotateInput = z.extend(named, { ClientRequestToken: text, RotationLambdaARN: text });
const deleteInput = z.extend(named, { RecoveryWindowInDays: z.optional(z.number()) });
const tagInput = z.extend(named, { Tags: tags });

/** On the wire times are seconds since 1970. */
const withEpochs = (answer: object): object =>
  Object.fromEntries(
    Object.entries(answer).map(([name, value]) => [
      name,
      value instanceof Date ? value.getTime() / 1000 : value,
    ]),
  );
