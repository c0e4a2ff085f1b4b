/**
 * `npm run doctor -- --env <env>`: what would keep a deploy of the environment, or what it deploys, from
 * working, each with what to do. Reads and changes nothing. Exit code 0: nothing would; 1: a problem;
 * 2: it could not look.
 */
import { parseArgs } from 'node:util';
import { LambdaClient } from '@aws-sdk/client-lambda';
import { EnvironmentError } from '../lib/environment-error.ts';
import { findEnvironment } from '../lib/environments.ts';
import packageJson from '../package.json' with { type: 'json' };
import { askAws } from './doctor/ask-aws.ts';
import { examine } from './doctor/examine.ts';
import { about, type Finding } from './doctor/finding.ts';
import { Unusable } from './operator/unusable.ts';
import { synthesise } from './upgrade/synthesise.ts';

const usage = 'Usage: npm run doctor -- --env <env> [--keys <number>]';

const counts = { ok: 0, warning: 0, problem: 0 };
await main().catch((error: Error) => {
  process.stderr.write(`${error.message}\n`);
  process.exitCode = 2;
});

async function main(): Promise<void> {
  const { values } = parseArgs({ options: { env: { type: 'string' }, keys: { type: 'string' } } });
  const { env } = values;
  const keys = values.keys === undefined ? null : Number(values.keys);
  if (env === undefined || (keys !== null && !(Number.isInteger(keys) && keys >= 0))) {
    throw new Unusable(usage);
  }
  if (env === 'local') throw new Unusable('npm start sets the local environment up by itself');
  for await (const finding of findingsOf(env, keys)) print(finding);
  const { warning, problem } = counts;
  process.stdout.write(`problems ${problem}, warnings ${warning}\n`);
  if (problem > 0) process.exitCode = 1;
}

async function* findingsOf(name: string, keys: number | null): AsyncGenerator<Finding> {
  const settings = about('settings');
  try {
    const environment = findEnvironment(name);
    yield settings.ok(`${name} is complete`);
    // As any client of the SDK finds them: variables, profile, login.
    const { config } = new LambdaClient({});
    const region = await config.region().catch(() => null);
    const credentials = await config.credentials().catch(() => null);
    const endpoint = process.env.AWS_ENDPOINT_URL;
    const connection = {
      region: environment.region ?? region ?? '',
      ...(endpoint === undefined ? {} : { endpoint }),
    };
    yield* examine({
      environment,
      synthesised: await synthesise(environment),
      version: packageJson.version,
      nodeVersion: process.version,
      region,
      ask: credentials === null ? null : askAws({ ...connection, credentials }),
      keys,
    });
  } catch (error) {
    if (!(error instanceof EnvironmentError)) throw error;
    yield settings.problem(error.message);
  }
}

function print({ what, level, says }: Finding): void {
  counts[level] += 1;
  process.stdout.write(`${level.padEnd(8)} ${what.padEnd(11)} ${says}\n`);
}
