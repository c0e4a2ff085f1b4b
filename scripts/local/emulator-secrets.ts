import * as z from 'zod/mini';
import type { Forwarder } from './forward.ts';
import { mustCall, rootClient } from './root-client.ts';

const description = z.looseObject({
  ARN: z.string(),
  Name: z.string(),
  Description: z.prefault(z.string(), ''),
  DeletedDate: z.optional(z.number()),
  VersionIdsToStages: z.prefault(z.record(z.string(), z.array(z.string())), {}),
  /** The function that rotates it. */
  RotationLambdaARN: z.optional(z.string()),
});

const version = z.looseObject({
  VersionId: z.string(),
  VersionStages: z.prefault(z.array(z.string()), []),
  SecretString: z.optional(z.string()),
  SecretBinary: z.optional(z.string()),
});

export type SecretDescription = z.infer<typeof description>;
export type SecretVersion = z.infer<typeof version>;

/**
 * The emulator's Secrets Manager as its root user sees it. The guard looks things up and tidies labels
 * with it; what a caller asked for always goes through under the caller's own signature.
 */
export interface EmulatorSecrets {
  /** Null when there is no such secret; a scheduled one is described. */
  describe(secretId: string): Promise<SecretDescription | null>;
  /** Null when there is no such version, or the secret is scheduled. */
  version(
    secretId: string,
    which: { VersionId: string } | { VersionStage: string },
  ): Promise<SecretVersion | null>;
  put(secretId: string, value: SecretVersion, stages: readonly string[]): Promise<void>;
  setDescription(secretId: string, text: string): Promise<void>;
  removeStage(secretId: string, stage: string, versionId: string): Promise<void>;
  /** Every secret whose description contains the text. */
  describedAs(text: string): Promise<SecretDescription[]>;
}

export function emulatorSecrets(forwarder: Forwarder): EmulatorSecrets {
  const root = rootClient(forwarder);
  const call = (operation: string, input: object) => root(`secretsmanager.${operation}`, input);
  const change = async (operation: string, input: object) => {
    await mustCall(root, `secretsmanager.${operation}`, input);
  };
  return {
    async describe(secretId) {
      const { error, output } = await call('DescribeSecret', { SecretId: secretId });
      return error === null ? z.parse(description, output) : null;
    },
    async version(secretId, which) {
      const { error, output } = await call('GetSecretValue', { SecretId: secretId, ...which });
      return error === null ? z.parse(version, output) : null;
    },
    put: (secretId, { VersionId, SecretString, SecretBinary }, stages) =>
      change('PutSecretValue', {
        SecretId: secretId,
        ClientRequestToken: VersionId,
        SecretString,
        SecretBinary,
        VersionStages: stages,
      }),
    setDescription: (secretId, text) =>
      change('UpdateSecret', { SecretId: secretId, Description: text }),
    removeStage: (secretId, stage, versionId) =>
      change('UpdateSecretVersionStage', {
        SecretId: secretId,
        VersionStage: stage,
        RemoveFromVersionId: versionId,
      }),
    async describedAs(text) {
      const filter = {
        Filters: [{ Key: 'description', Values: [text] }],
        IncludePlannedDeletion: true,
      };
      const { output } = await call('ListSecrets', filter);
      const names = z.parse(
        z.looseObject({ SecretList: z.array(z.looseObject({ ARN: z.string() })) }),
        output,
      );
      const found = await Promise.all(names.SecretList.map(({ ARN }) => this.describe(ARN)));
      return found.filter((secret) => secret !== null);
    },
  };
}
