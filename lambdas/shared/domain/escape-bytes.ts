/** The UTF-8 bytes of a text, each as `=HH`: readable, and no two texts become the same. */
export const escapeBytes = (text: string): string =>
  [...Buffer.from(text)]
    .map((byte) => `=${byte.toString(16).toUpperCase().padStart(2, '0')}`)
    .join('');
