import type { KeyImage, KeyPatch } from './key-row.ts';

/** Changes nothing. */
export const emptyPatch: KeyPatch = { set: {}, clear: [], metadata: null, merge: {} };

/** The image after the patch. Members that the patch does not name are as they were. */
export function patched(image: KeyImage, { set, clear, metadata, merge }: KeyPatch): KeyImage {
  const next: KeyImage = {
    ...image,
    ...set,
    metadata: { ...(metadata ?? image.metadata), ...merge },
  };
  for (const name of clear) Reflect.deleteProperty(next, name);
  return next;
}
