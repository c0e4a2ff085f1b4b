/** What `npm audit --json` has to say, against the advisories that were looked at and allowed. */
import * as z from 'zod/mini';

export const allowances = z.array(
  z.object({
    /** Such as `GHSA-xxxx-xxxx-xxxx`. */
    advisory: z.string(),
    package: z.string(),
    /** Why it does no harm here. */
    reason: z.string().check(z.minLength(20)),
    /** Last day on which that counts. */
    until: z.iso.date(),
  }),
);
type Allowance = z.infer<typeof allowances>[number];

export interface Judgement {
  /** `unanswered`: nobody knows, which is neither good nor bad news. */
  readonly verdict: 'clean' | 'found' | 'unanswered';
  readonly lines: readonly string[];
}

const advisory = z.object({
  name: z.string(),
  title: z.string(),
  url: z.string(),
  severity: z.string(),
  range: z.string(),
});
type Advisory = z.infer<typeof advisory>;
/** A package that is hit through another one names that one. */
const report = z.object({
  vulnerabilities: z.record(
    z.string(),
    z.object({ via: z.array(z.union([z.string(), advisory])) }),
  ),
});
const failure = z.object({ message: z.string() });

/** Judges a report of npm. Whatever is none is no answer, never a clean one. */
export function judge(text: string, allowed: readonly Allowance[], today: string): Judgement {
  const json = parsed(text);
  const read = report.safeParse(json);
  if (!read.success) {
    const told = failure.safeParse(json);
    return {
      verdict: 'unanswered',
      lines: [`NOT CHECKED: ${told.success ? told.data.message : 'npm audit gave no report'}`],
    };
  }
  const found = advisoriesIn(read.data);
  const idOf = ({ url }: Advisory) => url.split('/').at(-1) ?? url;
  const allowanceOf = (each: Advisory) =>
    allowed.find(({ advisory: id, package: name }) => id === idOf(each) && name === each.name);
  const judged = found.map((each) => {
    const allowance = allowanceOf(each);
    const isAllowed = allowance !== undefined && allowance.until >= today;
    const state =
      allowance === undefined
        ? ''
        : isAllowed
          ? `, allowed until ${allowance.until}: ${allowance.reason}`
          : `, was allowed until ${allowance.until}`;
    return {
      isAllowed,
      line: `${idOf(each)} ${each.severity} ${each.name} ${each.range}: ${each.title}${state}`,
    };
  });
  const needless = allowed
    .filter((allowance) => !found.some((each) => allowanceOf(each) === allowance))
    .map(({ advisory: id, package: name }) => `${id} of ${name} is allowed and not found any more`);
  return {
    verdict: judged.some(({ isAllowed }) => !isAllowed) ? 'found' : 'clean',
    lines: [...judged.map(({ line }) => line), ...needless],
  };
}

function advisoriesIn({ vulnerabilities }: z.infer<typeof report>): Advisory[] {
  const direct = Object.values(vulnerabilities)
    .flatMap(({ via }) => via)
    .filter((via) => typeof via !== 'string');
  return [...new Map(direct.map((each) => [`${each.url} ${each.name}`, each])).values()];
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}
