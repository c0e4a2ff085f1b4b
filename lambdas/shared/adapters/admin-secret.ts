import {
  CreateSecretCommand,
  GetSecretValueCommand,
  ResourceExistsException,
  type SecretsManagerClient,
} from '@aws-sdk/client-secrets-manager';
import type { AdminSecret } from '../domain/admin-key.ts';
import { masterKeyId } from '../domain/key-format.ts';

/**
 * The admin key's secret, made with the offered value unless it is there already: then its own value
 * counts, so that a deploy that died in between goes on with the same key.
 */
export async function obtainAdminSecret(
  client: SecretsManagerClient,
  name: string,
  offered: string,
  token: string,
  environment: string,
  kmsKeyId: string | null,
): Promise<AdminSecret> {
  try {
    const { ARN, VersionId } = await client.send(
      new CreateSecretCommand({
        Name: name,
        Description: 'The admin key of Latchkey. Changing it here does not change the key.',
        SecretString: offered,
        ClientRequestToken: token,
        // By these the scheduled function knows it for its own.
        Tags: [
          { Key: 'latchkey:env', Value: environment },
          { Key: 'key_id', Value: masterKeyId },
        ],
        ...(kmsKeyId === null ? {} : { KmsKeyId: kmsKeyId }),
      }),
    );
    return { name, value: offered, ...identified(ARN, VersionId) };
  } catch (error) {
    if (!(error instanceof ResourceExistsException)) throw error;
  }
  return readAdminSecret(client, name);
}

async function readAdminSecret(client: SecretsManagerClient, name: string): Promise<AdminSecret> {
  const { ARN, VersionId, SecretString } = await client.send(
    new GetSecretValueCommand({ SecretId: name }),
  );
  if (SecretString === undefined) throw new Error(`Secret ${name} has no text value`);
  return { name, value: SecretString, ...identified(ARN, VersionId) };
}

function identified(arn: string | undefined, versionId: string | undefined) {
  if (arn === undefined || versionId === undefined) {
    throw new Error('Secrets Manager answered without ARN or version id');
  }
  return { arn, versionId };
}
