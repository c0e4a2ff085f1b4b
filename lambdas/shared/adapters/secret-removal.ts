import { DeleteSecretCommand, type SecretsManagerClient } from '@aws-sdk/client-secrets-manager';
import type { SecretRemoval } from '../domain/ports.ts';
import { changed } from './secret-outcome.ts';

/** Ends secrets: never at once, so that one that was removed by mistake can be restored. */
export const secretRemoval = (client: SecretsManagerClient): SecretRemoval => ({
  remove: (secretId, limitMs) =>
    changed(limitMs, (options) =>
      client.send(
        new DeleteSecretCommand({ SecretId: secretId, RecoveryWindowInDays: 7 }),
        options,
      ),
    ),
});
