/** What stream readers write to, as one invocation sees it. */
import { readerLimits } from '../../lambdas/shared/adapters/reader-limits.ts';
import type { AuditTrail } from '../../lambdas/shared/domain/ports.ts';
import type { CallPort } from '../faults/faulty-stores.ts';

/** No answer of a table tells a reader more than that the call failed. */
export const cannotWrite = (): never => {
  throw new Error('The table did not take it, or did not say so');
};

export const faultyTrail = (trail: AuditTrail, process: CallPort): AuditTrail => ({
  append: (record) =>
    process.call(
      'append',
      readerLimits.tableMs,
      () => trail.append(record),
      cannotWrite,
      cannotWrite,
    ),
});
