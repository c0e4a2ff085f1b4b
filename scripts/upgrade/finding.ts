/** Why a deploy is refused: what would be lost, and what to do instead. */
export interface Finding {
  /** Logical id of the resource. */
  readonly id: string;
  readonly says: string;
}

/** What of an environment's settings decides what may go. */
export interface Switches {
  readonly storeAuditLogs: boolean;
}
