import { type KeyImage, type KeyPatch, keyImage } from './key-row.ts';

/** Changes nothing. */
export const emptyPatch: KeyPatch = {
  set: {},
  clear: [],
  metadata: null,
  keep: [],
  drop: [],
  merge: {},
};

/** A member of a patch that is text, or else what the row has. */
export const textOr = <Other>(value: unknown, other: Other): string | Other =>
  typeof value === 'string' ? value : other;

/** The image after the patch. Members that the patch does not name are as they were. */
export const patched = (image: KeyImage, patch: KeyPatch): KeyImage =>
  keyImage.parse({
    ...without(image, patch.clear),
    ...patch.set,
    metadata: metadataAfter(image, patch),
  });

function metadataAfter(image: KeyImage, { metadata, keep, drop, merge }: KeyPatch) {
  const kept = Object.entries(image.metadata).filter(([name]) => keep.includes(name));
  const next = metadata === null ? image.metadata : { ...Object.fromEntries(kept), ...metadata };
  return { ...without(next, drop), ...merge };
}

const without = (members: object, names: readonly string[]): Record<string, unknown> =>
  Object.fromEntries(Object.entries(members).filter(([name]) => !names.includes(name)));
