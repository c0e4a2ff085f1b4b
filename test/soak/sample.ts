/** What a process holds at a moment when nothing is under way. */
import { setImmediate as afterAllThatIsReady } from 'node:timers/promises';
import { getHeapSpaceStatistics, setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';

export interface Sample {
  /** Operations up to then. */
  readonly operations: number;
  readonly seconds: number;
  /** In use after a full garbage collection, without code: what the compiler keeps never stands still. */
  readonly heapBytes: number;
  /** Timers, sockets and whatever else keeps a process alive. */
  readonly handles: number;
  readonly openIntents: number;
  /** Whatever is in the stores. */
  readonly items: number;
}

setFlagsFromString('--expose-gc');
const collectGarbage: unknown = runInNewContext('gc');

/** Heap and handles of this process, all garbage collected. */
export async function processNow(): Promise<Pick<Sample, 'heapBytes' | 'handles'>> {
  if (typeof collectGarbage !== 'function') throw new Error('Garbage cannot be collected');
  for (let round = 0; round < 3; round += 1) {
    await afterAllThatIsReady();
    collectGarbage();
  }
  return {
    heapBytes: heapWithoutCode(),
    handles: process.getActiveResourcesInfo().length,
  };
}

/** Bytecode and machine code have spaces of their own. */
const heapWithoutCode = (): number =>
  getHeapSpaceStatistics()
    .filter(({ space_name: name }) => !/code|trusted/.test(name))
    .reduce((sum, { space_used_size: size }) => sum + size, 0);
