/** The mirror in Secrets Manager, as the operations use it. */
import {
  CreateSecretCommand,
  GetSecretValueCommand,
  PutSecretValueCommand,
  RestoreSecretCommand,
  type SecretsManagerClient,
} from '@aws-sdk/client-secrets-manager';
import type { NewSecret, ReadOutcome, Secrets } from '../domain/ports.ts';
import { answered, changed } from './secret-outcome.ts';
import { secretTags, tagsOf } from './secret-tags.ts';

export const secretsMirror = (client: SecretsManagerClient, kmsKeyId: string | null): Secrets => ({
  ...secretTags(client),
  create: (secret: NewSecret, limitMs) =>
    changed(limitMs, (options) =>
      client.send(
        new CreateSecretCommand({
          Name: secret.name,
          SecretString: secret.value,
          ClientRequestToken: secret.token,
          Tags: tagsOf(secret.tags),
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
  restore: (secretId, limitMs) =>
    changed(limitMs, (options) =>
      client.send(new RestoreSecretCommand({ SecretId: secretId }), options),
    ),
  put: (secretId, value, token, limitMs) =>
    changed(limitMs, (options) =>
      client.send(
        new PutSecretValueCommand({
          SecretId: secretId,
          SecretString: value,
          ClientRequestToken: token,
        }),
        options,
      ),
    ),
});
