import { Unavailable } from '../../domain/errors.ts';
import { isBug } from '../aws-error.ts';

/**
 * What a read within its limit answers. Reads have no outcome to tell apart: without an answer there is
 * nothing to decide on, so all else but a bug is `Unavailable`.
 */
export async function answered<T>(
  limitMs: number,
  read: (signal: AbortSignal) => Promise<T>,
): Promise<T> {
  if (limitMs <= 0) throw unavailable(null);
  try {
    return await read(AbortSignal.timeout(limitMs));
  } catch (error) {
    if (isBug(error)) throw error;
    throw unavailable(error);
  }
}

export const unavailable = (cause: unknown): Unavailable =>
  new Unavailable('The tables cannot be read at the moment.', 2, cause);
