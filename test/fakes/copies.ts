/** Values with all their former ones, so that a store can answer from an old copy. */
export class Copies<Value> {
  readonly #written = new Map<string, { at: number; value: Value }[]>();

  set(key: string, value: Value, at: number): void {
    const values = this.#written.get(key) ?? [];
    values.push({ at, value });
    this.#written.set(key, values);
  }

  /** The value as it was at that time; undefined before the first. */
  asOf(key: string, at: number): Value | undefined {
    return this.#written.get(key)?.findLast((written) => written.at <= at)?.value;
  }

  keys(): string[] {
    return [...this.#written.keys()];
  }
}
