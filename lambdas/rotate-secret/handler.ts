/**
 * The rotation function of keys' secrets: Secrets Manager invokes it step by step for a secret that a team
 * has it rotate. Safe to run twice; a step that throws is asked for again.
 */
import { documentClient, secretsClient } from '../shared/adapters/clients.ts';
import { causeOf, describe, log } from '../shared/adapters/log.ts';
import { secureRandom } from '../shared/adapters/randomness.ts';
import { secretStaging } from '../shared/adapters/secret-staging.ts';
import { keyTable } from '../shared/adapters/table/key-table.ts';
import { readConfig, readSettings } from '../shared/config.ts';
import { rotateSecret } from '../shared/protocol/rotate-secret.ts';
import { rotationEvent } from './schema.ts';

export async function handler(event: unknown, context?: { awsRequestId: string }): Promise<void> {
  const { Step, SecretId, ClientRequestToken } = rotationEvent.parse(event);
  const { KEYS_TABLE } = readConfig('KEYS_TABLE');
  const takeStep = rotateSecret({
    table: keyTable(documentClient, KEYS_TABLE),
    secrets: secretStaging(secretsClient),
    random: secureRandom,
    now: () => new Date(),
    settings: readSettings(),
  });
  let keyId: string | undefined;
  const call = { step: Step, secretId: SecretId, version: ClientRequestToken };
  try {
    await takeStep(call, context?.awsRequestId ?? 'rotation', (found) => {
      keyId = found;
    });
  } catch (error) {
    log('error', 'rotation step failed', {
      operation: 'rotate-secret',
      step: Step,
      // Not the ARN of the secret: an alias is in it.
      ...(keyId === undefined ? {} : { key_id: keyId }),
      error: describe(error),
      ...causeOf(error),
    });
    throw error;
  }
}
