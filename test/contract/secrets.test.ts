/** The mirror's fake, and the real adapter over the fake service's wire protocol. */
import { SecretsManagerClient } from '@aws-sdk/client-secrets-manager';
import { afterAll, beforeAll, describe } from 'vitest';
import { secretRepairs } from '../../lambdas/shared/adapters/secret-repairs.ts';
import { secretsMirror } from '../../lambdas/shared/adapters/secrets.ts';
import { MemorySecrets } from '../fakes/memory-secrets.ts';
import { FakeSecretsManager } from '../fakes/secrets-manager.ts';
import { type FakeServer, serveSecretsManager } from '../fakes/secrets-manager-server.ts';
import { secretsCases } from './secrets-cases.ts';
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

describe('the mirror in memory', () => {
  const secrets = new MemorySecrets();
  holdTo(secretsCases(() => secrets));
});

describe('the real mirror on the fake service', () => {
  holdTo(secretsCases(() => ({ ...secretsMirror(client, null), ...secretRepairs(client) })));
});
