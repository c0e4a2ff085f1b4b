/** The mirror in Secrets Manager, as the rotation sees it that Secrets Manager drives. */
import {
  PutSecretValueCommand,
  type SecretsManagerClient,
  UpdateSecretVersionStageCommand,
} from '@aws-sdk/client-secrets-manager';
import type { SecretStaging } from '../domain/ports.ts';
import { secretLabels } from './secret-labels.ts';
import { changed } from './secret-outcome.ts';
import { secretReads } from './secret-reads.ts';

export const secretStaging = (client: SecretsManagerClient): SecretStaging => ({
  ...secretLabels(client),
  ...secretReads(client),
  stage: (secretId, value, token, limitMs) =>
    changed(limitMs, (options) =>
      client.send(
        new PutSecretValueCommand({
          SecretId: secretId,
          SecretString: value,
          ClientRequestToken: token,
          VersionStages: ['AWSPENDING'],
        }),
        options,
      ),
    ),
  unstage: (secretId, from, limitMs) =>
    changed(limitMs, (options) =>
      client.send(
        new UpdateSecretVersionStageCommand({
          SecretId: secretId,
          VersionStage: 'AWSPENDING',
          RemoveFromVersionId: from,
        }),
        options,
      ),
    ),
});
