/** What was looked at, and how it is: a problem keeps a deploy, or what is deployed, from working. */
export interface Finding {
  readonly what: string;
  readonly level: 'ok' | 'warning' | 'problem';
  /** How it is and, but for what is ok, what to do. */
  readonly says: string;
}

/** Findings about one thing. */
export const about = (what: string) => ({
  ok: (says: string): Finding => ({ what, level: 'ok', says }),
  warning: (says: string): Finding => ({ what, level: 'warning', says }),
  problem: (says: string): Finding => ({ what, level: 'problem', says }),
});
