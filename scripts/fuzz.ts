/**
 * `npm run fuzz -- [--requests 50000] [--seed n] [--path p]`: requests made from the OpenAPI document, against the
 * service over the strict fakes. Prints what was answered; a failure prints seed, path and request.
 */
import { parseArgs } from 'node:util';
import { fuzz } from '../test/fuzz/fuzz.ts';

const { values } = parseArgs({
  options: {
    requests: { type: 'string', default: '50000' },
    seed: { type: 'string', default: String(Date.now() % 1e9) },
    path: { type: 'string' },
  },
});
const requests = Number(values.requests);
const seed = Number(values.seed);
if (!(requests > 0) || !Number.isInteger(seed))
  throw new Error('--requests and --seed are numbers');

const describe = (error: unknown): string =>
  error instanceof Error ? `${error.message}\n${describe(error.cause)}` : '';

const write = process.stdout.write.bind(process.stdout);
write(`seed ${seed}\n`);
try {
  // The functions write a line per request.
  process.stdout.write = () => true;
  const report = await fuzz(requests, seed, values.path);
  write(`${report.requests} requests, ${report.succeeded.size} operations with a success\n`);
  for (const [status, count] of Object.entries(report.statuses)) write(`${status}: ${count}\n`);
} catch (error) {
  write(`${describe(error)}\n`);
  process.exitCode = 1;
} finally {
  process.stdout.write = write;
}
