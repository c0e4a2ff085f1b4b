/**
 * The clock of one request. A function is killed at its time-out, so every call gets a limit that
 * leaves a second to compensate, and none to Secrets Manager starts in the last five: what is sent
 * later could still be under way when the reconciler steps in.
 */
export interface Deadline {
  /** When the function started; an intent's fence counts from here. */
  readonly startedAt: Date;
  /** Limit for a call to the tables, in milliseconds. 0: too late, the call counts as unanswered. */
  tableLimitMs(): number;
  /** Whether a call to the tables can still take as long as any may. */
  hasTimeForMore(): boolean;
  /** Limit for a call to Secrets Manager, in milliseconds. 0: too late, it counts as unanswered. */
  secretLimitMs(): number;
}

const reserveMs = 1000;
const lastSecretCallMs = 5000;
const tableCapMs = 2500;

export function deadlineOf(functionTimeoutSeconds: number, now: () => Date): Deadline {
  const startedAt = now();
  // Two tries fit before the last moment to send one.
  const secretCapMs = Math.min(4000, (functionTimeoutSeconds * 1000 - lastSecretCallMs) / 2);
  const leftMs = () => startedAt.getTime() + functionTimeoutSeconds * 1000 - now().getTime();
  return {
    startedAt,
    tableLimitMs: () => Math.max(0, Math.min(tableCapMs, leftMs() - reserveMs)),
    hasTimeForMore: () => leftMs() - reserveMs >= tableCapMs,
    secretLimitMs: () =>
      leftMs() < lastSecretCallMs ? 0 : Math.min(secretCapMs, leftMs() - reserveMs),
  };
}
