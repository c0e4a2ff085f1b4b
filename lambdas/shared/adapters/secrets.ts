/** The mirror in Secrets Manager, as the operations use it. */
import {
  CreateSecretCommand,
  PutSecretValueCommand,
  RestoreSecretCommand,
  type SecretsManagerClient,
} from '@aws-sdk/client-secrets-manager';
import type { NewSecret, Secrets } from '../domain/ports.ts';
import { changed } from './secret-outcome.ts';
import { secretReads } from './secret-reads.ts';
import { secretTags, tagsOf } from './secret-tags.ts';

export const secretsMirror = (client: SecretsManagerClient, kmsKeyId: string | null): Secrets => ({
  ...secretTags(client),
  ...secretReads(client),
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
