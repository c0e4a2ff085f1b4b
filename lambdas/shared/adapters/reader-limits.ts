/** How long a stream reader waits for one call, the SDK's retries included. */
export const readerLimits = { tableMs: 2500, mailMs: 5000 } as const;

/**
 * What the dearest record takes, a mail: taking it, finding an earlier link and writing the next one,
 * sending it, noting what became of it.
 */
export const recordMs = 4 * readerLimits.tableMs + readerLimits.mailMs;

/** Options of a call to a table. */
export const tableLimit = () => ({ abortSignal: AbortSignal.timeout(readerLimits.tableMs) });
