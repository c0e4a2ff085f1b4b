/** The mirror in Secrets Manager, as the operations use it. */
import {
  CreateSecretCommand,
  GetSecretValueCommand,
  type SecretsManagerClient,
} from '@aws-sdk/client-secrets-manager';
import type { NewSecret, ReadOutcome, Secrets } from '../domain/ports.ts';
import { answered, changed } from './secret-outcome.ts';

export const secretsMirror = (client: SecretsManagerClient, kmsKeyId: string | null): Secrets => ({
  create: (secret: NewSecret, limitMs) =>
    changed(limitMs, (options) =>
      client.send(
        new CreateSecretCommand({
          Name: secret.name,
          SecretString: secret.value,
          ClientRequestToken: secret.token,
          Tags: Object.entries(secret.tags).map(([Key, Value]) => ({ Key, Value })),
          ...(kmsKeyId === null ? {} : { KmsKeyId: kmsKeyId }),
        }),
        options,
      ),
    ),
  read: (secretId, versionId, limitMs) =>
    answered(limitMs, async (options): Promise<ReadOutcome> => {
      const input = { SecretId: secretId, VersionId: versionId };
      const { SecretString } = await client.send(new GetSecretValueCommand(input), options);
      return SecretString === undefined
        ? { kind: 'absent', reason: 'NoText' }
        : { kind: 'done', value: SecretString };
    }),
});
