import { randomBytes, randomUUID } from 'node:crypto';
import type { Randomness } from '../domain/ports.ts';

/** The operating system's cryptographically secure randomness. */
export const secureRandom: Randomness = { bytes: randomBytes, uuid: randomUUID };
