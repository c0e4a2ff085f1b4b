/** A clock that only moves when told to, and does what was planned for the time that passes. */
export class FakeClock {
  #at: number;
  #planned: { readonly at: number; readonly work: () => Promise<void> }[] = [];

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

  /** Lets time pass, doing what was planned at the time it was planned for. */
  async pass(ms: number): Promise<void> {
    const end = this.#at + ms;
    for (;;) {
      const [next] = this.#planned.filter(({ at }) => at <= end).sort((a, b) => a.at - b.at);
      if (next === undefined) break;
      this.#planned = this.#planned.filter((planned) => planned !== next);
      this.#at = Math.max(this.#at, next.at);
      await next.work();
    }
    this.#at = end;
  }
}
