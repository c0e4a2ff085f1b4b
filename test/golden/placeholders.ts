/**
 * Values that a service generates stand in the recording as `{{kind:NAME}}`. They are learned from
 * the answer in which they first appear; whatever follows from a key (its hash, its last four
 * characters) is computed here, so that a wrong hash is a difference.
 */
import { createHash } from 'node:crypto';

const placeholder = /\{\{(key|hash|last4|hash4):([^}]+)\}\}/g;

/** The names of all placeholders in a JSON value. */
export const namesIn = (value: unknown): Set<string> =>
  new Set([...(JSON.stringify(value) ?? '').matchAll(placeholder)].map((found) => found[2] ?? ''));

export class Placeholders {
  readonly #values = new Map<string, string>();

  knows(name: string): boolean {
    return this.#values.has(`key:${name}`) || this.#values.has(`hash:${name}`);
  }

  /** Learns what an answer shows for the first time: `ours` stands where `recorded` has a placeholder. */
  learn(recorded: unknown, ours: unknown): void {
    for (const kind of ['key', 'hash', 'last4']) this.#learn(kind, recorded, ours);
  }

  /** A key's new value, of which the recording knows nothing: the name goes on with it. */
  renew(name: string, key: string): void {
    this.#setKey(name, key);
  }

  /** The text with every placeholder replaced by its value; one that is not known stays. */
  fill(text: string): string {
    return text.replaceAll(
      placeholder,
      (whole, kind: string, name: string) => this.#values.get(`${kind}:${name}`) ?? whole,
    );
  }

  #learn(kind: string, recorded: unknown, ours: unknown): void {
    if (typeof recorded === 'string' && typeof ours === 'string') {
      const [whole, found, name] = [...recorded.matchAll(placeholder)][0] ?? [];
      if (name === undefined || found !== kind) return;
      if (whole === recorded && kind !== 'last4') this.#keep(kind, name, ours);
      // A key whose making is not in the recording is seen by its label first.
      if (kind === 'last4' && !this.#values.has(`last4:${name}`)) {
        this.#values.set(`last4:${name}`, ours.slice(-4));
      }
    } else if (typeof recorded === 'object' && typeof ours === 'object') {
      const answered = new Map(Object.entries(ours ?? {}));
      for (const [field, value] of Object.entries(recorded ?? {})) {
        this.#learn(kind, value, answered.get(field));
      }
    }
  }

  #keep(kind: string, name: string, value: string): void {
    if (this.knows(name)) return;
    if (kind === 'key') this.#setKey(name, value);
    else this.#setHash(name, value);
  }

  #setKey(name: string, key: string): void {
    this.#values.set(`key:${name}`, key);
    this.#values.set(`last4:${name}`, key.slice(-4));
    this.#setHash(name, createHash('sha256').update(key).digest('hex'));
  }

  #setHash(name: string, hash: string): void {
    this.#values.set(`hash:${name}`, hash);
    this.#values.set(`hash4:${name}`, hash.slice(-4));
  }
}
