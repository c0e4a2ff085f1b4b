/** A clock that only moves when told to. */
export class FakeClock {
  #at: number;

  constructor(at = '2026-11-25T13:50:00.000Z') {
    this.#at = Date.parse(at);
  }

  now = (): Date => new Date(this.#at);

  advance(ms: number): void {
    this.#at += ms;
  }
}
