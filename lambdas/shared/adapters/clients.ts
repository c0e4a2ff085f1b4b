/**
 * The AWS clients, one per container, whose requests are counted. Marked pure so that a bundle only carries those it uses.
 * The SDK's defaults have no time-outs at all, and a breached one would only be logged.
 */
import { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { SecretsManagerClient } from '@aws-sdk/client-secrets-manager';
import { SESClient } from '@aws-sdk/client-ses';
import { DynamoDBDocumentClient } from '@aws-sdk/lib-dynamodb';
import { counted } from './aws-calls.ts';

const requestHandler = {
  connectionTimeout: 1000,
  requestTimeout: 4000,
  throwOnRequestTimeout: true,
};

/** At most two retries; each call's own limit bounds them all together. */
export const documentClient = /* @__PURE__ */ DynamoDBDocumentClient.from(
  /* @__PURE__ */ counted(
    /* @__PURE__ */ new DynamoDBClient({
      maxAttempts: 3,
      requestHandler: { ...requestHandler, requestTimeout: 2000 },
    }),
  ),
  { marshallOptions: { removeUndefinedValues: true } },
);

/** No retries: they would hide that a first try went unanswered, which the protocol must know. */
export const secretsClient = /* @__PURE__ */ counted(
  /* @__PURE__ */ new SecretsManagerClient({ maxAttempts: 1, requestHandler }),
);

/** No retries: SES has no idempotency token, so each one could be a second mail. */
export const sesClient = /* @__PURE__ */ counted(
  /* @__PURE__ */ new SESClient({ maxAttempts: 1, requestHandler }),
);
