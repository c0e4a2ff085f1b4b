/** How long a stream reader waits for one call, the SDK's retries included. */
export const readerLimits = { tableMs: 2500, mailMs: 5000 } as const;

/**
 * What the dearest record takes, a mail: reading whether it is on, taking it, finding an earlier link
 * and writing the next one, sending it, noting what became of it.
 */
export const recordMs = 5 * readerLimits.tableMs + readerLimits.mailMs;

/** What a parked mail takes at most, its row included, and a second to end in. */
export const parkedMs = recordMs + 2 * readerLimits.tableMs + 1000;

/** Options of a call to a table. */
export const tableLimit = () => ({ abortSignal: AbortSignal.timeout(readerLimits.tableMs) });
