/**
 * Notes, while end-to-end tests and other people's clients run, each key that passed between them and
 * the API or into Secrets Manager, and each refusal, for the scan that comes last. It stands behind
 * them all, so that none has to remember anything.
 */
import { appendFileSync, existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import * as z from 'zod/mini';
import type { SeenExchange } from '../../scripts/local/api-proxy.ts';
import type { Canary } from './key-scanner.ts';

const filesOf = (folder: string) => ({
  keys: join(folder, 'seen-keys.jsonl'),
  refusals: join(folder, 'seen-refusals.jsonl'),
});

export interface Refusal {
  /** Method and first segments of the path. */
  readonly route: string;
  readonly status: number;
  /** Headers and body. */
  readonly text: string;
}

/** The well-known key of the local admin is no secret, and too short to be told from other text. */
const isLookedFor = (value: string) => value.startsWith('sk-') && value.length >= 16;

/** What is to be told of the exchanges and values of a local environment. */
export function noteSeen(folder: string): {
  seenExchange: SeenExchange;
  seenValue: (value: string) => void;
} {
  const { keys, refusals } = filesOf(folder);
  const known = new Set<string>();
  const note = (value: string, origin: string) => {
    if (known.has(value) || !isLookedFor(value)) return;
    known.add(value);
    append(keys, { value, origin });
  };
  return {
    seenExchange({ method, path, headers, body }, answer) {
      const route = `${method} ${path.split(/[/?]/).slice(0, 3).join('/')}`;
      const { status } = answer;
      const answered = answer.body.toString('utf8');
      for (const key of keysIn(answered)) note(key, `the answer to ${route}`);
      for (const key of keysIn(body.toString('utf8'))) note(key, `the body of ${route}`);
      for (const key of issuedIn(path)) note(key, `the path of ${route}`);
      for (const header of Object.values(headers).flat()) {
        for (const key of keysIn(JSON.stringify(header?.replace(/^bearer /i, '')))) {
          note(key, `a header of ${route}`);
        }
      }
      if (status >= 400) {
        append(refusals, {
          route,
          status,
          text: `${JSON.stringify(answer.headers)} ${answered}`,
        });
      }
    },
    seenValue(value) {
      note(value, 'Secrets Manager');
    },
  };
}

export const seenKeys = (folder: string): Canary[] =>
  read(filesOf(folder).keys, z.object({ value: z.string(), origin: z.string() }));

export const seenRefusals = (folder: string): Refusal[] =>
  read(
    filesOf(folder).refusals,
    z.object({ route: z.string(), status: z.number(), text: z.string() }),
  );

const issuedIn = (text: string): string[] =>
  text.match(/sk-lk_[0-9A-Za-z]+_[0-9A-Za-z]{27}_[0-9A-Za-z]{6}/g) ?? [];

/** Issued keys anywhere, and whole strings of JSON that may be chosen ones: not masked, and no prose. */
function keysIn(text: string): string[] {
  const found = issuedIn(text);
  try {
    JSON.parse(text, (_name, value: unknown) => {
      if (typeof value === 'string' && /^sk-(?!\.\.\.|lk_)[!-~]+$/.test(value)) found.push(value);
      return value;
    });
  } catch {
    // No JSON: then it has no such strings.
  }
  return found;
}

function append(file: string, entry: object): void {
  appendFileSync(file, `${JSON.stringify(entry)}\n`);
}

function read<Entry>(file: string, shape: z.ZodMiniType<Entry>): Entry[] {
  if (!existsSync(file)) return [];
  const lines = readFileSync(file, 'utf8').split('\n');
  return lines.filter((line) => line !== '').map((line) => shape.parse(JSON.parse(line)));
}
