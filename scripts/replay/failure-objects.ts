/** The failure bucket of a deployed environment. */
import {
  DeleteObjectCommand,
  GetObjectCommand,
  NoSuchKey,
  paginateListBuckets,
  paginateListObjectsV2,
  type S3Client,
} from '@aws-sdk/client-s3';
import { deployedName } from '../operator/deployed-name.ts';
import type { GivenUp } from './replay-objects.ts';

/** The name of the bucket. Throws where there is not exactly one in the client's region. */
export async function failureBucketOf(client: S3Client, environment: string): Promise<string> {
  const input = { Prefix: `latchkey-${environment}-`, BucketRegion: await client.config.region() };
  const names: string[] = [];
  for await (const { Buckets } of paginateListBuckets({ client }, input)) {
    names.push(...(Buckets ?? []).map(({ Name }) => Name ?? ''));
  }
  return deployedName(names, environment, { id: 'StreamsFailures', option: '--bucket' });
}

export const failureObjects = (client: S3Client, Bucket: string): GivenUp => ({
  async list() {
    const found: { name: string; at: number }[] = [];
    for await (const { Contents } of paginateListObjectsV2({ client }, { Bucket })) {
      for (const { Key, LastModified } of Contents ?? []) {
        if (Key !== undefined) found.push({ name: Key, at: LastModified?.getTime() ?? 0 });
      }
    }
    // By their names they would come by shard.
    return found.toSorted((one, other) => one.at - other.at).map(({ name }) => name);
  },

  async read(name) {
    try {
      const { Body } = await client.send(new GetObjectCommand({ Bucket, Key: name }));
      return (await Body?.transformToString()) ?? '';
    } catch (error) {
      if (error instanceof NoSuchKey) return null;
      throw error;
    }
  },

  async remove(name) {
    await client.send(new DeleteObjectCommand({ Bucket, Key: name }));
  },
});
