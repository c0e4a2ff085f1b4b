import { type KeyImage, type KeyPatch, keyImage } from './key-row.ts';

/** Changes nothing. */
export const emptyPatch: KeyPatch = { set: {}, clear: [], metadata: null, merge: {} };

/** A member of a patch that is text, or else what the row has. */
export const textOr = <Other>(value: unknown, other: Other): string | Other =>
  typeof value === 'string' ? value : other;

/** The image after the patch. Members that the patch does not name are as they were. */
export function patched(image: KeyImage, { set, clear, metadata, merge }: KeyPatch): KeyImage {
  const next = {
    ...image,
    ...set,
    metadata: { ...(metadata ?? image.metadata), ...merge },
  };
  for (const name of clear) Reflect.deleteProperty(next, name);
  return keyImage.parse(next);
}
