/** The fake Secrets Manager is held to the same cases as the guarded local AWS. */
import { SecretsManagerClient } from '@aws-sdk/client-secrets-manager';
import { afterAll, beforeAll, describe } from 'vitest';
import { FakeSecretsManager } from '../fakes/secrets-manager.ts';
import { type FakeServer, serveSecretsManager } from '../fakes/secrets-manager-server.ts';
import { secretsManagerCases } from './secrets-manager-cases.ts';
import { secretsManagerLimitsCases } from './secrets-manager-limits-cases.ts';
import { holdTo } from './suite.ts';

let server: FakeServer;
let client: SecretsManagerClient;

beforeAll(async () => {
  server = await serveSecretsManager(new FakeSecretsManager());
  client = new SecretsManagerClient({
    endpoint: server.url,
    region: 'eu-central-1',
    credentials: { accessKeyId: 'any', secretAccessKey: 'any' },
    maxAttempts: 1,
  });
});

afterAll(async () => {
  client?.destroy();
  await server?.stop();
});

describe('the fake Secrets Manager', () => {
  holdTo(secretsManagerCases(() => client));
  holdTo(secretsManagerLimitsCases(() => client));
});
