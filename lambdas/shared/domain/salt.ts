import type { Randomness } from './ports.ts';

/** A fresh salt for one image or one `who`: 16 random bytes as 32 hex characters. */
export const newSalt = ({ bytes }: Randomness): string => Buffer.from(bytes(16)).toString('hex');
