import { type SecretsManagerClient, TagResourceCommand } from '@aws-sdk/client-secrets-manager';
import type { SecretTags } from '../domain/ports.ts';
import { changed } from './secret-outcome.ts';

/** Says of a secret whose it is. */
export const secretTags = (client: SecretsManagerClient): SecretTags => ({
  tag: (secretId, tags, limitMs) =>
    changed(limitMs, async (options) => {
      const Tags = tagsOf(tags);
      await client.send(new TagResourceCommand({ SecretId: secretId, Tags }), options);
      return { ARN: secretId };
    }),
});

export const tagsOf = (tags: Readonly<Record<string, string>>) =>
  Object.entries(tags).map(([Key, Value]) => ({ Key, Value }));
