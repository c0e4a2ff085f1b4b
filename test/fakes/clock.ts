import { setImmediate as afterAllThatIsReady } from 'node:timers/promises';

/** A clock that only moves when told to, and does what was planned for the time that passes. */
export class FakeClock {
  #at: number;
  readonly #planned: { readonly at: number; readonly work: () => Promise<void> }[] = [];

  constructor(at = '2026-11-25T13:50:00.000Z') {
    this.#at = Date.parse(at);
  }

  now = (): Date => new Date(this.#at);

  advance(ms: number): void {
    this.#at += ms;
  }

  /** Plans work for later; it is done when `pass` passes its time. */
  at(inMs: number, work: () => Promise<void>): void {
    this.#planned.push({ at: this.#at + inMs, work });
  }

  /** Waits until so much time has passed, which takes `pass` or `run`. */
  sleep(ms: number): Promise<void> {
    return new Promise((resolve) => {
      this.at(ms, async () => resolve());
    });
  }

  /** Lets time pass, doing what was planned at the time it was planned for. */
  async pass(ms: number): Promise<void> {
    const end = this.#at + ms;
    while (await this.#doNext(end));
    this.#at = end;
  }

  /** Lets time pass whenever everybody waits, until nothing is planned any more. */
  async run(): Promise<void> {
    do await afterAllThatIsReady();
    while (await this.#doNext(Infinity));
  }

  /** Does what is planned next; false where that is after the end. */
  async #doNext(end: number): Promise<boolean> {
    const at = Math.min(...this.#planned.map((planned) => planned.at));
    const index = this.#planned.findIndex((planned) => planned.at === at);
    if (index === -1 || at > end) return false;
    const [next] = this.#planned.splice(index, 1);
    this.#at = Math.max(this.#at, at);
    await next?.work();
    return true;
  }
}
