import type { Writable } from 'node:stream';

export interface Stopwatch {
  /** Says what is being done from now on. */
  readonly log: (line: string) => void;
  /** Nothing more is being done. */
  readonly done: () => void;
}

/**
 * Writes lines headed by the seconds since it was made. On a terminal the last line counts on, so that
 * somebody who waits sees that it goes on.
 */
export function stopwatch(output: Writable & { readonly isTTY?: boolean }): Stopwatch {
  const start = performance.now();
  const seconds = () => `${((performance.now() - start) / 1000).toFixed(1).padStart(5)} s`;
  let ticking: NodeJS.Timeout | undefined;
  const done = () => {
    if (ticking !== undefined) output.write('\n');
    clearInterval(ticking);
    ticking = undefined;
  };
  return {
    log(line) {
      done();
      const head = `${seconds()}  ${line}`;
      if (output.isTTY !== true) return void output.write(`${head}\n`);
      output.write(head);
      ticking = setInterval(() => output.write(`\r${head} ... ${seconds().trim()}`), 200);
      // It keeps nothing from ending.
      ticking.unref();
    },
    done,
  };
}
