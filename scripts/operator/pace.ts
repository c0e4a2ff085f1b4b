/** Says how far a command is and how fast it goes, once a second at most. */
export function pace(
  say: (line: string) => void,
  nowMs: () => number = () => performance.now(),
  what = 'records',
): (records: number) => void {
  const startedAt = nowMs();
  let [saidAt, before] = [startedAt, -1];
  return (records) => {
    // What an earlier run wrote is no merit of this one.
    if (before < 0) before = records;
    const at = nowMs();
    if (at - saidAt < 1000) return;
    saidAt = at;
    const perSecond = Math.round((1000 * (records - before)) / (at - startedAt));
    say(`${records} ${what} so far, ${perSecond} a second`);
  };
}
