/** The mirror in Secrets Manager, as the operations use it. */
import {
  CreateSecretCommand,
  GetSecretValueCommand,
  PutSecretValueCommand,
  RestoreSecretCommand,
  type SecretsManagerClient,
  TagResourceCommand,
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
  tag: (secretId, tags, limitMs) =>
    changed(limitMs, async (options) => {
      const Tags = tagsOf(tags);
      await client.send(new TagResourceCommand({ SecretId: secretId, Tags }), options);
      return { ARN: secretId };
    }),
});

const tagsOf = (tags: Readonly<Record<string, string>>) =>
  Object.entries(tags).map(([Key, Value]) => ({ Key, Value }));
