/**
 * `npm start`: Latchkey on this machine, really deployed on a local AWS. Keys are kept between runs;
 * `npm start -- --reset` starts over. `PORT` chooses another port than 4000.
 */
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import packageJson from '../package.json' with { type: 'json' };
import { checkNode, exampleCall, readPort } from './local/command-line.ts';
import { clearState } from './local/local-aws.ts';
import { type LocalEnvironment, startLocalEnvironment } from './local/local-environment.ts';
import { localDir } from './local/project.ts';
import { checkStateFormat } from './local/state-format.ts';
import { stopwatch } from './local/stopwatch.ts';

const stateDir = join(localDir, 'state');
const { log, done } = stopwatch(process.stdout);
const write = (line: string) => {
  done();
  process.stdout.write(`${line}\n`);
};

await main().catch((error: Error) => {
  done();
  process.stderr.write(`\n${error.message}\n`);
  process.exitCode = 1;
});

async function main(): Promise<void> {
  checkNode('npm start');
  const { values } = parseArgs({ options: { reset: { type: 'boolean' } } });
  const port = readPort(process.env.PORT);
  if (values.reset) await clearState(stateDir, log);
  if (!existsSync(stateDir)) log('a first start takes about half a minute');
  checkStateFormat(stateDir);

  const stopping = stopRequest();
  let environment: LocalEnvironment;
  try {
    environment = await startLocalEnvironment({
      stateDir,
      persist: true,
      port,
      log,
      signal: stopping.signal,
    });
  } catch (error) {
    if (stopping.signal.aborted) return write('Stopped.');
    throw error;
  }
  try {
    log('ready');
    write(welcome(environment));
    await Promise.race([stopping.requested, environment.aws.failed]);
  } finally {
    write('\nStopping; the state is saved in .latchkey/state ...');
    await environment.stop();
  }
  write('Stopped.');
}

/** The first Ctrl-C (or a terminal that closes) asks to stop in order, a second ends at once. */
function stopRequest(): { signal: AbortSignal; requested: Promise<void> } {
  const controller = new AbortController();
  const requested = new Promise<void>((resolve) => {
    for (const name of ['SIGINT', 'SIGTERM', 'SIGHUP']) {
      process.on(name, () => {
        // The local AWS sees its parent go, saves its state and ends by itself.
        if (controller.signal.aborted) process.exit(130);
        controller.abort(new Error('Stopped'));
        resolve();
      });
    }
  });
  return { signal: controller.signal, requested };
}

function welcome({ baseUrl }: LocalEnvironment): string {
  return `
Latchkey      ${baseUrl}   (version ${packageJson.version})
Watch it      ${baseUrl}/_local   keys, mails and audit as they happen
Console       ${baseUrl}/ui   sign in with the master key
Reference     ${baseUrl}/docs
Master key    sk-1234

Generate a key:
  ${exampleCall(baseUrl)}

In another terminal, for scripts: npm run local -- mails, audit, or secrets with their values.
Keys are kept between runs; npm start -- --reset clears them. Ctrl-C stops everything.`;
}
