/** Faults in both stores, and how many of them struck. */
import { inject } from 'vitest';
import { addFault, clearFaults } from '../fault-control.ts';

const { guardUrl, tablesUrl } = inject('deployed');

/** A function that may not reach its tables at all is no accident but a wrong policy: nothing refuses there. */
const stores = {
  tables: {
    url: tablesUrl,
    modes: ['throttle', 'fail', 'hang', 'lose-answer', 'cut', 'kill', 'kill-after'],
    /** More than the client of a function tries by itself. */
    most: 4,
  },
  secrets: {
    url: guardUrl,
    modes: ['refuse', 'throttle', 'fail', 'hang', 'lose-answer', 'cut', 'kill', 'kill-after'],
    most: 2,
  },
} as const;
const silent: readonly string[] = ['hang', 'lose-answer'];

export class Storm {
  readonly struck: Record<string, number> = {};
  private readonly draw: (bound: number) => number;

  constructor(draw: (bound: number) => number) {
    this.draw = draw;
  }

  /** One more fault is on its way: to the tables' calls about this text, or to whichever comes next. */
  async brew(about: string): Promise<void> {
    const name = this.draw(5) < 3 ? 'tables' : 'secrets';
    const { url, modes, most } = stores[name];
    const mode = modes[this.draw(modes.length)] ?? 'throttle';
    const isAimed = name === 'tables' && this.draw(3) > 0;
    // Silence takes seconds: of that, one at a time is enough.
    const times = silent.includes(mode) ? 1 : 1 + this.draw(most);
    await addFault(url, { operation: '*', mode, times, about: isAimed ? about : '' });
    this.count(`${name} ${mode}`, times);
  }

  /** From now on there are no faults. Those that struck nobody are not counted. */
  async end(): Promise<void> {
    for (const [name, { url }] of Object.entries(stores)) {
      for (const { mode, times } of await clearFaults(url)) this.count(`${name} ${mode}`, -times);
    }
  }

  /** Workers that were killed. */
  get killed(): number {
    return Object.entries(this.struck)
      .filter(([name]) => name.includes('kill'))
      .reduce((sum, [, times]) => sum + times, 0);
  }

  private count(name: string, times: number): void {
    this.struck[name] = (this.struck[name] ?? 0) + times;
  }
}
