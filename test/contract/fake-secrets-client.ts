/** A client of the fake Secrets Manager, served for the tests of the surrounding block. */
import { SecretsManagerClient } from '@aws-sdk/client-secrets-manager';
import { afterAll, beforeAll } from 'vitest';
import { FakeSecretsManager } from '../fakes/secrets-manager.ts';
import { type FakeServer, serveSecretsManager } from '../fakes/secrets-manager-server.ts';

/** The client exists once the tests run, hence the function. */
export function fakeSecretsClient(): () => SecretsManagerClient {
  let server: FakeServer | undefined;
  let client: SecretsManagerClient | undefined;
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
  return () => {
    if (client === undefined) throw new Error('the fake Secrets Manager is not being served');
    return client;
  };
}
