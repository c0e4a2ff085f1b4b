import type { GivenUp } from '../../scripts/replay/replay-objects.ts';

/** A failure bucket in memory, in the order in which its objects came. */
export class MemoryGivenUp implements GivenUp {
  readonly objects = new Map<string, string>();

  async list(): Promise<readonly string[]> {
    return [...this.objects.keys()];
  }

  async read(name: string): Promise<string | null> {
    return this.objects.get(name) ?? null;
  }

  async remove(name: string): Promise<void> {
    this.objects.delete(name);
  }
}
