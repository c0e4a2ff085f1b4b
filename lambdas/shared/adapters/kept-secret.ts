import { GetSecretValueCommand, type SecretsManagerClient } from '@aws-sdk/client-secrets-manager';

const keptMs = 5 * 60_000;

/**
 * Reads a secret's text and keeps it for five minutes, or until it is no good any more. A change is
 * seen after that time at the latest. Throws where the secret cannot be read or has no text.
 */
export function keptSecret(client: SecretsManagerClient, secretId: string, now: () => Date) {
  let kept: { readonly value: string; readonly until: number } | undefined;
  return async (wasRefused: boolean): Promise<string> => {
    if (kept !== undefined && !wasRefused && now().getTime() < kept.until) return kept.value;
    const { SecretString } = await client.send(new GetSecretValueCommand({ SecretId: secretId }));
    if (SecretString === undefined) throw new Error('The secret has no text');
    kept = { value: SecretString, until: now().getTime() + keptMs };
    return kept.value;
  };
}
