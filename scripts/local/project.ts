import { dirname, join, resolve } from 'node:path';

/** The checkout that these scripts belong to. */
export const projectDir = resolve(import.meta.dirname, '../..');

/** Everything the local environment writes, ignored by git. */
export const localDir = join(projectDir, '.latchkey');

/** Region, account and credentials of the local AWS, which knows these credentials as its root user. */
export const localIdentity = {
  region: 'us-east-1',
  accountId: '000000000000',
  credentials: { accessKeyId: 'test', secretAccessKey: 'test' },
} as const;

/** A search path on which `node` is the release that runs this script. */
export const nodePath = `${dirname(process.execPath)}:${process.env.PATH ?? '/usr/bin:/bin'}`;
