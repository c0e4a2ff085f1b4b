/** The mirror in Secrets Manager, as the reconciler puts it right. */
import {
  PutSecretValueCommand,
  RestoreSecretCommand,
  type SecretsManagerClient,
  UpdateSecretVersionStageCommand,
} from '@aws-sdk/client-secrets-manager';
import type { SecretRepairs } from '../domain/ports.ts';
import { tombstone, voidStage } from '../domain/tombstone.ts';
import { secretLabels } from './secret-labels.ts';
import { changed } from './secret-outcome.ts';
import { secretRemoval } from './secret-removal.ts';
import { secretTags } from './secret-tags.ts';

export const secretRepairs = (client: SecretsManagerClient): SecretRepairs => ({
  ...secretLabels(client),
  ...secretRemoval(client),
  ...secretTags(client),
  putTombstone: (secretId, token, limitMs) =>
    changed(limitMs, (options) =>
      client.send(
        new PutSecretValueCommand({
          SecretId: secretId,
          SecretString: tombstone,
          ClientRequestToken: token,
          VersionStages: [voidStage],
        }),
        options,
      ),
    ),
  restore: (secretId, limitMs) =>
    changed(limitMs, (options) =>
      client.send(new RestoreSecretCommand({ SecretId: secretId }), options),
    ),
  dropPrevious: (secretId, from, limitMs) =>
    changed(limitMs, (options) =>
      client.send(
        new UpdateSecretVersionStageCommand({
          SecretId: secretId,
          VersionStage: 'AWSPREVIOUS',
          RemoveFromVersionId: from,
        }),
        options,
      ),
    ),
});
