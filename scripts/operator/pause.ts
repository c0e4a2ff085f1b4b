import { setTimeout as sleep } from 'node:timers/promises';

/** Longer each time, and not at the same moment for all that are in flight. */
export async function pause(tries: number): Promise<void> {
  await sleep(Math.min(5000, 100 * 2 ** tries) * (0.5 + Math.random() / 2));
}

export const waitMs = async (ms: number): Promise<void> => {
  await sleep(ms);
};
