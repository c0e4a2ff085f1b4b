import type { Difference } from './compare.ts';
import type { Judgement } from './differences.ts';
import type { Outcome } from './replay.ts';

/** Figures of a run as text: what was compared, and why the rest was not. */
export function report(
  title: string,
  outcomes: readonly Outcome[],
  { unexplained }: Judgement,
): string {
  const compared = outcomes.filter(({ skipped }) => skipped === null);
  const partly = compared.filter(({ leftOut }) => leftOut.length > 0);
  const different = compared.filter(({ differences }) => differences.length > 0);
  const alike = different.filter(({ differences }) => differences.every(isAddition));
  const skipped = outcomes.filter((outcome) => outcome.skipped !== null);
  const unbuilt = outcomes.filter((outcome) => outcome.skipped === 'route not built');
  const tally = (groups: readonly string[]) =>
    [...Map.groupBy(groups, (group) => group)]
      .sort(([, left], [, right]) => right.length - left.length)
      .map(([label, { length }]) => count(label, length));
  return [
    `${title}: ${outcomes.length} rows`,
    count('compared', compared.length),
    count('of these without members that only one of both had changed', partly.length),
    count('equal', compared.length - different.length),
    count('equal but for added members and how times are written', alike.length),
    count('different in more than that', different.length - alike.length),
    count('differences without a reason', unexplained.length),
    count('not compared, because', skipped.length),
    ...tally(skipped.map((outcome) => outcome.skipped ?? '')).map((line) => `    ${line}`),
    count('of routes not built', unbuilt.length),
    ...tally(unbuilt.map(({ row }) => routeOf(row.request))).map((line) => `    ${line}`),
    '',
  ].join('\n');
}

const isAddition = ({ field, recorded }: Difference): boolean =>
  field === 'times' || (recorded === 'absent' && !field.startsWith('header.'));

const count = (label: string, number: number): string => `${String(number).padStart(5)}  ${label}`;

/** The route as LiteLLM names it. */
const routeOf = ({ method, path }: { readonly method: string; readonly path: string }): string =>
  `${method} ${path.replace(/\?.*$/, '').replace(/^\/key\/[^/]+\/(regenerate|reset_spend)$/, '/key/{key}/$1')}`;
