/** Writes lines headed by the seconds since it was made. */
export function stopwatch(write: (line: string) => void): (line: string) => void {
  const start = performance.now();
  return (line) => {
    const seconds = ((performance.now() - start) / 1000).toFixed(1).padStart(5);
    write(`${seconds} s  ${line}`);
  };
}
