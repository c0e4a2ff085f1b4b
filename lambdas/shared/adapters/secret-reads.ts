import { GetSecretValueCommand, type SecretsManagerClient } from '@aws-sdk/client-secrets-manager';
import type { ReadOutcome, SecretReads } from '../domain/ports.ts';
import { answered } from './secret-outcome.ts';

/** Values in Secrets Manager, each by its exact version. */
export const secretReads = (client: SecretsManagerClient): SecretReads => ({
  read: (secretId, versionId, limitMs) =>
    answered(limitMs, async (options): Promise<ReadOutcome> => {
      const input = { SecretId: secretId, VersionId: versionId };
      const { SecretString } = await client.send(new GetSecretValueCommand(input), options);
      // Bytes are a value too, and not one of ours.
      return { kind: 'done', value: SecretString ?? '' };
    }),
});
