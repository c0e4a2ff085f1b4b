import {
  DescribeSecretCommand,
  type SecretsManagerClient,
  UpdateSecretVersionStageCommand,
} from '@aws-sdk/client-secrets-manager';
import type { DescribeOutcome, SecretLabels } from '../domain/ports.ts';
import { answered, arnOf, changed } from './secret-outcome.ts';

/** Which version is current, and whose the secret is. */
export const secretLabels = (client: SecretsManagerClient): SecretLabels => ({
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
});
