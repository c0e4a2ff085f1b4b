/**
 * Cuts a file into its JSON values, a piece at a time: one per line or, where it begins as a document
 * (a list, or an object over several lines), one after the other, with lists at the top opened.
 */
import { Unusable } from '../operator/unusable.ts';

export interface JsonText {
  /** Where it begins, from 1. */
  readonly line: number;
  readonly text: string;
}

/** A hundred keys of the greatest size have less. */
const maxLength = 16 * 1024 * 1024;

/** Values as they are in the file, valid or not. Throws `Unusable` where it is no UTF-8 text. */
export async function* jsonValues(chunks: AsyncIterable<Uint8Array>): AsyncGenerator<JsonText> {
  const texts = decoded(chunks);
  let head = '';
  // Enough to see how it begins.
  while (head.trimStart().length < 64) {
    const { done, value } = await texts.next();
    if (done === true) break;
    head += value;
  }
  const isDocument = /^\s*(\[|\{\s*"keys"\s*:|\{\s*[\r\n])/.test(head);
  const all = followedBy(head, texts);
  yield* isDocument ? documentValues(all) : lineValues(all);
}

async function* decoded(chunks: AsyncIterable<Uint8Array>): AsyncGenerator<string> {
  const decoder = new TextDecoder('utf-8', { fatal: true });
  try {
    for await (const chunk of chunks) yield decoder.decode(chunk, { stream: true });
    yield decoder.decode();
  } catch (error) {
    if (error instanceof TypeError) throw new Unusable('The file is no text in UTF-8.');
    throw error;
  }
}

async function* followedBy(head: string, rest: AsyncIterable<string>): AsyncGenerator<string> {
  yield head;
  yield* rest;
}

async function* lineValues(texts: AsyncIterable<string>): AsyncGenerator<JsonText> {
  let line = 1;
  let begun = '';
  for await (const text of texts) {
    // By line feeds alone: JSON may have the other characters that end lines as they are.
    const [first = '', ...others] = text.split('\n');
    begun += first;
    for (const next of others) {
      if (begun.trim() !== '') yield { line, text: begun };
      line += 1;
      begun = next;
    }
    checkLength(begun, line);
  }
  if (begun.trim() !== '') yield { line, text: begun };
}

async function* documentValues(texts: AsyncIterable<string>): AsyncGenerator<JsonText> {
  let line = 1;
  let startedAt = 1;
  let begun = '';
  let [isOpen, isInText, isEscaped] = [false, false, false];
  let depth = 0;
  for await (const text of texts) {
    let from = 0;
    const ended = (at: number): JsonText => {
      const value = { line: startedAt, text: begun + text.slice(from, at) };
      [isOpen, begun] = [false, ''];
      return value;
    };
    for (let at = 0; at < text.length; at += 1) {
      const char = text.charAt(at);
      if (char === '\n') line += 1;
      if (!isOpen) {
        if (/[\s,[\]]/.test(char)) continue;
        [isOpen, startedAt, from] = [true, line, at];
      } else if (depth === 0 && !isInText && /[\s,\]]/.test(char)) {
        yield ended(at);
        continue;
      }
      if (isInText) {
        isInText = isEscaped || char !== '"';
        isEscaped = !isEscaped && char === '\\';
        if (isInText) continue;
      } else if (char === '"') {
        isInText = true;
        continue;
      } else if (char === '{' || char === '[') depth += 1;
      else if (char === '}' || char === ']') depth = Math.max(0, depth - 1);
      else continue;
      if (depth === 0) yield ended(at + 1);
    }
    if (isOpen) begun += text.slice(from);
    checkLength(begun, startedAt);
  }
  if (isOpen) yield { line: startedAt, text: begun };
}

function checkLength(text: string, line: number): void {
  if (text.length > maxLength) throw new Unusable(`What begins in line ${line} is too long.`);
}
