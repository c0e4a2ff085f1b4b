/** Scans places where a key may never be, and says of each how much was looked through. */
import type { KeyScanner } from './key-scanner.ts';

/** Somewhere that data ends up. */
export interface Sink {
  readonly name: string;
  /** A harmless text that is known to be in it: without it, the sink was not looked into. */
  readonly marker: string;
  /** All there is, one text for each item, line, object or answer. */
  readonly read: () => Promise<readonly string[]>;
}

export interface Scanned {
  readonly sink: string;
  readonly places: number;
  readonly bytes: number;
}

export interface Scan {
  readonly scanned: readonly Scanned[];
  /** Keys that were found, and sinks that cannot be vouched for. A key is named by its origin alone. */
  readonly problems: readonly string[];
}

export async function scanSinks(sinks: readonly Sink[], scanner: KeyScanner): Promise<Scan> {
  const scanned: Scanned[] = [];
  const problems: string[] = [];
  for (const { name, marker, read } of sinks) {
    const texts = await read();
    scanned.push({
      sink: name,
      places: texts.length,
      bytes: texts.reduce((sum, text) => sum + Buffer.byteLength(text), 0),
    });
    if (texts.length === 0) problems.push(`${name}: it is empty`);
    else if (!texts.some((text) => text.includes(marker))) {
      problems.push(`${name}: it lacks its marker`);
    }
    for (const [index, text] of texts.entries()) {
      for (const { origin, form } of scanner.findIn(text)) {
        problems.push(`${name}: place ${index} has a key from ${origin}, ${form}`);
      }
    }
  }
  return { scanned, problems };
}
