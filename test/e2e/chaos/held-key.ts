/** What a client knows of a key by the answers it got. */
export interface Facts {
  value: string;
  /** The value before, in its grace period. */
  former: string | null;
  alias: string | null;
  blocked: boolean;
  deleted: boolean;
  limit: number | null;
  budget: number | null;
}

export class HeldKey {
  readonly id: string;
  /** Every value it was told to have, the present one last. */
  readonly told: string[];
  /** Whether other clients change it too; then answers tell nothing about what it is now. */
  readonly isShared: boolean;
  readonly facts: Facts;
  /** What may be otherwise, for a change went unanswered. */
  readonly doubts = new Set<keyof Facts>();

  constructor(id: string, value: string, alias: string | null, isShared: boolean) {
    this.id = id;
    this.told = [value];
    this.isShared = isShared;
    this.facts = {
      value,
      former: null,
      alias,
      blocked: false,
      deleted: false,
      limit: null,
      budget: null,
    };
  }

  /** A change was answered with 200. */
  learn(facts: Partial<Facts>): void {
    if (facts.value !== undefined) this.told.push(facts.value);
    // What becomes the former value is the one it had, whichever that was.
    const isFormerUnknown = (facts.former ?? null) !== null && this.doubts.has('value');
    Object.assign(this.facts, facts);
    for (const name of Object.keys(facts)) if (isFact(name)) this.doubts.delete(name);
    if (isFormerUnknown) this.doubts.add('former');
  }

  /** A change may have been made, or may still be. */
  doubt(facts: Partial<Facts>): void {
    for (const name of Object.keys(facts)) if (isFact(name)) this.doubts.add(name);
  }

  knows(...names: (keyof Facts)[]): boolean {
    return !this.isShared && names.every((name) => !this.doubts.has(name));
  }

  /** Whether this value must be let in now; undefined where the client cannot know. */
  lets(value: string): boolean | undefined {
    if (!this.knows('value', 'blocked', 'deleted')) return undefined;
    const { blocked, deleted, former } = this.facts;
    if (blocked || deleted || value === this.facts.value) return !blocked && !deleted;
    return this.knows('former') ? value === former : undefined;
  }
}

const names = ['value', 'former', 'alias', 'blocked', 'deleted', 'limit', 'budget'] as const;
const isFact = (name: string): name is keyof Facts => names.some((known) => known === name);
