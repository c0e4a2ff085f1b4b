/** Secrets Manager through the real SDK client, in the few words that its cases need. */
import { randomUUID } from 'node:crypto';
import {
  CreateSecretCommand,
  type CreateSecretCommandInput,
  DeleteSecretCommand,
  DescribeSecretCommand,
  GetSecretValueCommand,
  PutSecretValueCommand,
  RestoreSecretCommand,
  RotateSecretCommand,
  type SecretsManagerClient,
  TagResourceCommand,
  UpdateSecretVersionStageCommand,
} from '@aws-sdk/client-secrets-manager';
import { expect } from 'vitest';

export const newName = (): string => `litellm/case-${randomUUID()}`;

/** An exception of that class. */
export const refused = (name: string): unknown => expect.objectContaining({ name });

export function secretCalls(makeClient: () => SecretsManagerClient) {
  const look = (secret: string) =>
    makeClient().send(new DescribeSecretCommand({ SecretId: secret }));
  return {
    look,
    create: (
      name: string,
      value: string,
      token: string = randomUUID(),
      more: Partial<CreateSecretCommandInput> = {},
    ) =>
      makeClient().send(
        new CreateSecretCommand({
          Name: name,
          SecretString: value,
          ClientRequestToken: token,
          ...more,
        }),
      ),
    createEmpty: (name: string) => makeClient().send(new CreateSecretCommand({ Name: name })),
    put: (secret: string, value: string, token: string = randomUUID(), stages?: string[]) =>
      makeClient().send(
        new PutSecretValueCommand({
          SecretId: secret,
          SecretString: value,
          ClientRequestToken: token,
          ...(stages && { VersionStages: stages }),
        }),
      ),
    get: (secret: string, which: { VersionId?: string; VersionStage?: string } = {}) =>
      makeClient().send(new GetSecretValueCommand({ SecretId: secret, ...which })),
    remove: (secret: string, days = 7) =>
      makeClient().send(new DeleteSecretCommand({ SecretId: secret, RecoveryWindowInDays: days })),
    restore: (secret: string) => makeClient().send(new RestoreSecretCommand({ SecretId: secret })),
    tag: (secret: string, tags: Readonly<Record<string, string>>) =>
      makeClient().send(new TagResourceCommand({ SecretId: secret, Tags: tagList(tags) })),
    rotate: (secret: string, token: string = randomUUID(), lambda?: string) =>
      makeClient().send(
        new RotateSecretCommand({
          SecretId: secret,
          ClientRequestToken: token,
          RotationLambdaARN: lambda,
        }),
      ),
    moveStage: (secret: string, stage: string, move: { to?: string; from?: string }) =>
      makeClient().send(
        new UpdateSecretVersionStageCommand({
          SecretId: secret,
          VersionStage: stage,
          MoveToVersionId: move.to,
          RemoveFromVersionId: move.from,
        }),
      ),
    stagesOf: async (secret: string) => (await look(secret)).VersionIdsToStages,
    tagsOf: async (secret: string) =>
      Object.fromEntries(((await look(secret)).Tags ?? []).map(({ Key, Value }) => [Key, Value])),
  };
}

export const tagList = (tags: Readonly<Record<string, string>>) =>
  Object.entries(tags).map(([Key, Value]) => ({ Key, Value }));
