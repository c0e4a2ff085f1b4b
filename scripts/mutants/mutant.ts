import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

/** A protection of the functions, and the patch that removes it. */
export interface Mutant {
  readonly name: string;
  /** Path of the patch. */
  readonly patch: string;
  /** The protection that is removed, as a noun phrase. */
  readonly removes: string;
  /** What would happen then. */
  readonly withoutIt: string;
  /** Test files, one of which must fail. */
  readonly tests: readonly string[];
}

/** The mutants of a folder by name. Throws where a patch lacks one of the lines above its diff. */
export const listMutants = (folder: string): Mutant[] =>
  readdirSync(folder)
    .filter((file) => file.endsWith('.patch'))
    .sort()
    .map((file) => mutantOf(join(folder, file), file.slice(0, -'.patch'.length)));

function mutantOf(patch: string, name: string): Mutant {
  const text = readFileSync(patch, 'utf8');
  const line = (label: string): string => {
    const found = new RegExp(`^${label}: (.+)$`, 'm').exec(text.slice(0, text.indexOf('\n--- ')));
    if (found?.[1] === undefined) throw new Error(`${patch} has no line "${label}: ..."`);
    return found[1];
  };
  return {
    name,
    patch,
    removes: line('Removes').replace(/\.$/, ''),
    withoutIt: line('Without it'),
    tests: line('Caught by').split(' '),
  };
}
