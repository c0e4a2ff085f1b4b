/**
 * `npm run audit:verify -- <export> [--heads <file>]…`: whether an export of the audit trail is as it
 * was written. Ends with 0 where that is proved, 1 where something was tampered with, 2 where the
 * input cannot be verified, 3 where nothing is wrong and not all is proved.
 */
import { parseArgs } from 'node:util';
import { exitCodeOf, reportOn } from './audit/verification-report.ts';
import { UnusableInput, verifyExport } from './audit/verify-export.ts';

const usage =
  'Usage: npm run audit:verify -- <export> [--heads <file>]… [--audited-since <2026-01-31T00:00:00.000Z>]';

const unknownOption = 'ERR_PARSE_ARGS_UNKNOWN_OPTION';

process.exitCode = await main().catch((error: Error) => {
  const isExpected =
    error instanceof UnusableInput || ('code' in error && error.code === unknownOption);
  process.stderr.write(`${isExpected ? error.message : error.stack}\n`);
  return 2;
});

async function main(): Promise<number> {
  const { positionals, values } = parseArgs({
    allowPositionals: true,
    options: { heads: { type: 'string', multiple: true }, 'audited-since': { type: 'string' } },
  });
  const [path, ...others] = positionals;
  if (path === undefined || others.length > 0) throw new UnusableInput(usage);
  const since = values['audited-since'];
  // Compared as text, so it has to be written as times are in the records.
  if (since !== undefined && !isTime(since)) throw new UnusableInput(usage);
  const verification = await verifyExport(path, values.heads, since);
  process.stdout.write(`${reportOn(verification)}\n`);
  return exitCodeOf(verification);
}

function isTime(text: string): boolean {
  const ms = Date.parse(text);
  return !Number.isNaN(ms) && new Date(ms).toISOString() === text;
}
