/**
 * Reads docs/differences.md and holds a run against it. Every difference needs a line there, and
 * every part of a line (each row, field and value it names) must explain something.
 */
import { readFileSync } from 'node:fs';
import type { Difference } from './compare.ts';
import { isObject, member, type Row } from './recording.ts';
import type { Outcome } from './replay.ts';

/** One line of the document: whichever row, field and pair of values it lists, it explains. */
export interface DocumentedDifference {
  readonly id: string;
  /** Names of rows; `*` stands for any characters, as it does in fields. */
  readonly rows: readonly string[];
  readonly fields: readonly string[];
  readonly recorded: readonly string[];
  readonly ours: readonly string[];
  readonly reason: string;
}

export interface Judgement {
  /** Differences that no line explains. */
  readonly unexplained: readonly Difference[];
  /** Parts of lines that explain nothing, such as `no-teams: row generate/x`. */
  readonly stale: readonly string[];
}

const document = new URL('../../docs/differences.md', import.meta.url);

export function documentedDifferences(
  text: string = readFileSync(document, 'utf8'),
): DocumentedDifference[] {
  return text.split('\n').flatMap((line) => {
    const cells = line.split('|').map((cell) => cell.trim());
    const [, id = '', rows = '', fields = '', recorded = '', ours = '', reason = ''] = cells;
    // A line of a table that the suite reads has six cells, the first of them an id.
    if (cells.length !== 8 || spans(id).length !== 1) return [];
    return {
      id: spans(id).join(),
      rows: spans(rows),
      fields: spans(fields),
      recorded: spans(recorded),
      ours: spans(ours),
      reason,
    };
  });
}

const spans = (cell: string): string[] =>
  [...cell.matchAll(/`([^`]+)`/g)].map(([, text = '']) => text);

/** Holds all outcomes of a run, or of several, against the document. */
export function judge(
  outcomes: readonly Outcome[],
  lines: readonly DocumentedDifference[] = documentedDifferences(),
): Judgement {
  const used = new Set<string>();
  const unexplained = outcomes.flatMap(({ row, differences }) =>
    differences.filter((difference) => {
      const parts = lines
        .map((line) => partsOf(line, difference, row))
        .find((found) => found !== null);
      for (const part of parts ?? []) used.add(part);
      return parts === undefined;
    }),
  );
  const stale = lines.flatMap(allParts).filter((part) => !used.has(part));
  return { unexplained, stale };
}

const allParts = ({ id, rows, fields, recorded, ours }: DocumentedDifference): string[] => [
  ...rows.map((row) => `${id}: row ${row}`),
  ...fields.map((field) => `${id}: field ${field}`),
  ...recorded.map((value) => `${id}: LiteLLM ${value}`),
  ...ours.map((value) => `${id}: Latchkey ${value}`),
];

/** The parts of a line that explain a difference, or null if it does not. */
function partsOf(line: DocumentedDifference, difference: Difference, row: Row): string[] | null {
  const scope = line.rows.find((glob) => isMatch(glob, difference.row));
  const field = line.fields.find((glob) => isMatch(glob, difference.field));
  if (scope === undefined || field === undefined) return null;
  for (const recorded of line.recorded) {
    for (const ours of line.ours) {
      if (isPair(recorded, ours, difference, row)) {
        return [
          `${line.id}: row ${scope}`,
          `${line.id}: field ${field}`,
          `${line.id}: LiteLLM ${recorded}`,
          `${line.id}: Latchkey ${ours}`,
        ];
      }
    }
  }
  return null;
}

const isMatch = (glob: string, name: string): boolean =>
  new RegExp(`^${glob.replace(/[.+?^${}()|[\]\\]/g, '\\$&').replaceAll('*', '.*')}$`).test(name);

function isPair(recorded: string, ours: string, difference: Difference, row: Row): boolean {
  if (difference.field !== 'answer') {
    return isValue(recorded, difference.recorded) && isValue(ours, difference.ours);
  }
  const sent = firstField(row);
  const field = recorded.includes('<field>') ? difference.recorded.split(' ').at(-1) : sent;
  return [
    [recorded, difference.recorded],
    [ours, difference.ours],
  ].every(([pattern, value]) => pattern?.replace('<field>', field ?? '') === value);
}

/** The field that a request is about: an update begins with the key that it changes. */
function firstField(row: Row): string {
  const names = Object.keys(jsonSent(row));
  return names.find((name) => name !== 'key' || row.request.path !== '/key/update') ?? '';
}

function jsonSent({ request }: Row): Record<string, unknown> {
  const raw = member(request.body, '$raw');
  const body: unknown = typeof raw === 'string' && raw.startsWith('{') ? parsed(raw) : request.body;
  return isObject(body) ? body : {};
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}

/** A value as it is written, or its kind in angle brackets. */
const isValue = (pattern: string, value: string): boolean =>
  pattern === value || kinds.some(([kind, shape]) => pattern === kind && shape.test(value));

const kinds = [
  ['<text>', /^"/],
  ['<time>', /^"\d{4}-\d\d-\d\dT/],
  ['<uuid>', /^"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}"$/],
  ['<number>', /^-?\d/],
  ['<object>', /^\{/],
  ['<list>', /^\[/],
] as const;
