import { maskedName, tokenHash } from './key-format.ts';
import type { KeyPatch, Notify } from './key-row.ts';

/** A regenerate that has been decided on but is written nowhere yet. */
export interface Regenerated {
  readonly kind: 'regenerate';
  readonly value: string;
  readonly patch: KeyPatch;
  readonly graceSeconds: number;
  readonly notify: Notify | null;
  readonly rotationDue?: string;
}

/** The patch with what a new value does to the image; `updated_by` is to be the last to change it. */
export const withValue = (patch: KeyPatch, value: string, updated_by: string): KeyPatch => ({
  ...patch,
  set: { ...patch.set, token: tokenHash(value), key_name: maskedName(value), updated_by },
});

/** The mail about it; null where none goes out. */
export const rotatedNotice = (to: string | null): Notify | null =>
  to === null ? null : { event: 'key_rotated', to };
