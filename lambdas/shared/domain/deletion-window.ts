import type { AliasLease } from './key-row.ts';

/** Days that Secrets Manager keeps a secret that was deleted; it removes it some time after that. */
const windowDays = 7;
const dayMs = 86_400_000;

/**
 * Whether a secret that is scheduled for deletion now is the one that was scheduled then. After its
 * window the name is free: what is there may be somebody else's.
 */
export const isStillInWindow = (deletedAt: string | null | undefined, now: Date): boolean =>
  typeof deletedAt === 'string' && now.getTime() < Date.parse(deletedAt) + (windowDays + 1) * dayMs;

/**
 * Whether a secret scheduled for deletion under `name` is the one that the alias's last holder left
 * there. One left under another prefix tells nothing about this name: what is there is somebody else's.
 */
export const isOursInWindow = (lease: AliasLease | null, name: string | null, now: Date): boolean =>
  (lease?.secretName ?? name) === name && isStillInWindow(lease?.deletedAt, now);
