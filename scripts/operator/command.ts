/** What commands that write, and may be given again, share: where they tell what, and how they end. */

/** What happens meanwhile, for the person who waits. */
export const say = (line: string) => {
  process.stderr.write(`${line}\n`);
};

/** What comes of it. */
export const print = (text: string) => {
  process.stdout.write(`${text}\n`);
};

/**
 * Runs a command. Where it throws, that is told with its cause, and the exit code is 2; once it has told that
 * it begins to write, also that the same again goes on.
 */
export async function runAsCommand(
  main: (beginsToWrite: () => void) => Promise<void>,
): Promise<void> {
  let hasBegun = false;
  const begin = () => {
    hasBegun = true;
  };
  await main(begin).catch((error: Error) => {
    say(error.cause instanceof Error ? `${error.message} (${error.cause})` : error.message);
    if (hasBegun) print('Stopped; the same again goes on.');
    process.exitCode = 2;
  });
}
