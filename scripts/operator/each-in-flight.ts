/**
 * Works on the items as they come, so many at a time, and takes no more than that ahead. Throws the
 * first error once all that was begun has ended; nothing more is begun then.
 */
export async function eachInFlight<Item>(
  items: AsyncIterable<Item>,
  most: number,
  work: (item: Item) => Promise<void>,
): Promise<void> {
  const running = new Set<Promise<void>>();
  const errors: unknown[] = [];
  try {
    for await (const item of items) {
      const task = work(item)
        .catch((error: unknown) => {
          errors.push(error);
        })
        .finally(() => running.delete(task));
      running.add(task);
      if (running.size >= most) await Promise.race(running);
      if (errors.length > 0) break;
    }
  } finally {
    await Promise.all(running);
  }
  if (errors.length > 0) throw errors[0];
}
