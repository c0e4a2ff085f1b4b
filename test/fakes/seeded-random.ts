import { createHash } from 'node:crypto';
import type { Randomness } from '../../lambdas/shared/domain/ports.ts';

/** Randomness that repeats with its seed, so that a failing test can be run again. */
export function seededRandom(seed: string): Randomness {
  let drawn = 0;
  const bytes = (count: number): Uint8Array => {
    const chunks: Buffer[] = [];
    for (let length = 0; length < count; length += 32) {
      drawn += 1;
      chunks.push(createHash('sha256').update(`${seed}/${drawn}`).digest());
    }
    return Buffer.concat(chunks).subarray(0, count);
  };
  const uuid = (): string => {
    const hex = Buffer.from(bytes(16)).toString('hex');
    return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-4${hex.slice(13, 16)}-8${hex.slice(17, 20)}-${hex.slice(20, 32)}`;
  };
  return { bytes, uuid };
}
