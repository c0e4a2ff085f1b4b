import type { KeyTable, KeyWrite, Randomness } from '../../lambdas/shared/domain/ports.ts';
import { Unusable } from '../operator/unusable.ts';

export interface Writing {
  readonly random: Pick<Randomness, 'uuid'>;
  readonly pause: (tries: number) => Promise<void>;
  /** Whether the table has what was to be written, by an earlier call or somebody else's. */
  readonly isDone: () => Promise<boolean>;
}

const maxTries = 8;
const limitMs = 10_000;

/**
 * Writes until the table says that it is written. Throws `Unusable` where somebody else writes there, and
 * where the table does not take it eight times in a row.
 */
export async function written(
  table: KeyTable,
  writes: readonly KeyWrite[],
  { random, pause, isDone }: Writing,
): Promise<void> {
  const token = random.uuid();
  for (let tries = 1; ; tries += 1) {
    const outcome = await table.commit(writes, token, limitMs);
    if (outcome.kind === 'committed') return;
    if (outcome.kind === 'refused') {
      if (await isDone()) return;
      throw new Unusable(
        'Somebody else writes to the table: find out who, and give the same again',
      );
    }
    if (tries === maxTries) throw new Unusable(`The table does not take it: ${outcome.kind}`);
    await pause(tries);
  }
}
