import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

/** To be raised by a release whose local state an older or newer one cannot read, MiniStack's pin included. */
const format = '1';

/**
 * Notes the format of a new state folder. Throws, saying what to do, on a folder that another release
 * wrote: local state is for trying things out, so it is named and left alone, not migrated.
 */
export function checkStateFormat(stateDir: string): void {
  mkdirSync(stateDir, { recursive: true });
  const file = join(stateDir, 'release');
  const isNew = readdirSync(stateDir).length === 0;
  if (isNew) writeFileSync(file, format);
  const found = existsSync(file) ? readFileSync(file, 'utf8').trim() : 'none';
  if (found === format) return;
  throw new Error(
    `The state in ${stateDir} is of another release (format ${found}, this one has ${format}); npm start -- --reset clears it`,
  );
}
