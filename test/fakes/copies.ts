/** Older than this no copy is asked for. */
const keptMs = 3_600_000;

/** Values with their former ones of an hour, so that a store can answer from an old copy. */
export class Copies<Value> {
  readonly #written = new Map<string, { at: number; value: Value }[]>();

  set(key: string, value: Value, at: number): void {
    const values = this.#written.get(key) ?? [];
    // The newest of the older ones is still the value at the beginning of the hour.
    const first = values.findLastIndex((written) => written.at <= at - keptMs);
    this.#written.set(key, [...values.slice(Math.max(0, first)), { at, value }]);
  }

  /** As if there had never been a value. */
  forget(key: string): void {
    this.#written.delete(key);
  }

  /** The value as it was at that time; undefined before the first. */
  asOf(key: string, at: number): Value | undefined {
    return this.#written.get(key)?.findLast((written) => written.at <= at)?.value;
  }

  keys(): string[] {
    return [...this.#written.keys()];
  }
}
