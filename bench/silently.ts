/** Does the work; what it writes to standard output meanwhile, as the functions do their log lines, goes nowhere. */
export async function silently<T>(work: () => Promise<T>): Promise<T> {
  const write = process.stdout.write.bind(process.stdout);
  process.stdout.write = () => true;
  try {
    return await work();
  } finally {
    process.stdout.write = write;
  }
}
