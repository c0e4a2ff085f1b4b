/** The mirror in Secrets Manager, as the reconciler puts it right. */
import {
  DescribeSecretCommand,
  PutSecretValueCommand,
  RestoreSecretCommand,
  type SecretsManagerClient,
  UpdateSecretVersionStageCommand,
} from '@aws-sdk/client-secrets-manager';
import type { DescribeOutcome, SecretRepairs } from '../domain/ports.ts';
import { tombstone, voidStage } from '../domain/tombstone.ts';
import { answered, arnOf, changed } from './secret-outcome.ts';
import { secretRemoval } from './secret-removal.ts';
import { secretTags } from './secret-tags.ts';

export const secretRepairs = (client: SecretsManagerClient): SecretRepairs => ({
  ...secretRemoval(client),
  ...secretTags(client),
  describe: (secretId, limitMs) =>
    answered(limitMs, async (options): Promise<DescribeOutcome> => {
      const found = await client.send(new DescribeSecretCommand({ SecretId: secretId }), options);
      return {
        kind: 'done',
        arn: arnOf(found),
        isScheduled: found.DeletedDate !== undefined,
        stages: found.VersionIdsToStages ?? {},
        tags: Object.fromEntries((found.Tags ?? []).map(({ Key, Value }) => [Key, Value])),
      };
    }),
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
  moveCurrent: (secretId, from, to, limitMs) =>
    changed(limitMs, (options) =>
      client.send(
        new UpdateSecretVersionStageCommand({
          SecretId: secretId,
          VersionStage: 'AWSCURRENT',
          RemoveFromVersionId: from,
          MoveToVersionId: to,
        }),
        options,
      ),
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
