import { createReadStream } from 'node:fs';

const newline = 0x0a;

/**
 * The lines of a file that end with a line feed, and what is left behind the last one. Not by
 * `readline`, for which U+2028 ends a line too: JSON has it as it is.
 */
export async function* linesOf(
  path: string,
): AsyncGenerator<{ readonly text: string; readonly bytes: number; readonly isWhole: boolean }> {
  let pieces: Buffer[] = [];
  const line = (isWhole: boolean) => {
    const bytes = Buffer.concat(pieces);
    pieces = [];
    return { text: bytes.toString('utf8'), bytes: bytes.length + (isWhole ? 1 : 0), isWhole };
  };
  const stream: AsyncIterable<Buffer> = createReadStream(path);
  for await (const chunk of stream) {
    let start = 0;
    for (let at = chunk.indexOf(newline); at !== -1; at = chunk.indexOf(newline, start)) {
      pieces.push(chunk.subarray(start, at));
      yield line(true);
      start = at + 1;
    }
    if (start < chunk.length) pieces.push(chunk.subarray(start));
  }
  if (pieces.length > 0) yield line(false);
}

/** What a line has as JSON; undefined where it is none. */
export function jsonOf(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
