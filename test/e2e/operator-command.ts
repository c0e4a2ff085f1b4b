/** Commands of operators, each given as a process of its own, as on AWS: the environment says who asks. */
import { execFile, spawn } from 'node:child_process';
import { resolve } from 'node:path';
import { inject } from 'vitest';

export interface Ended {
  readonly code: unknown;
  readonly said: string;
}

/**
 * Commands of `scripts/`, with arguments that each of them gets.
 *
 * @param endpoints variables of the services that they may reach
 */
export function operatorCommand(
  endpoints: Readonly<Record<string, string>>,
  ...always: readonly string[]
) {
  const { region, credentials } = inject('deployed');
  const settings = {
    cwd: resolve(import.meta.dirname, '../..'),
    env: {
      PATH: process.env['PATH'],
      AWS_REGION: region,
      AWS_ACCESS_KEY_ID: credentials.accessKeyId,
      AWS_SECRET_ACCESS_KEY: credentials.secretAccessKey,
      ...endpoints,
    },
  };
  const argumentsOf = (script: string, args: readonly string[]) => [
    `scripts/${script}.ts`,
    '--env=prod',
    ...always,
    ...args,
  ];
  return {
    /** To its end. */
    give: (script: string, ...args: readonly string[]): Promise<Ended> =>
      new Promise((done) => {
        execFile(process.execPath, argumentsOf(script, args), settings, (error, stdout, stderr) => {
          done({ code: error === null ? 0 : error.code, said: stdout + stderr });
        });
      }),
    /** Kills it once `isHalfWay` comes to an end; tells by which signal it ended. */
    kill: async (isHalfWay: () => Promise<unknown>, script: string, ...args: readonly string[]) => {
      const given = argumentsOf(script, args);
      const child = spawn(process.execPath, given, { ...settings, stdio: 'ignore' });
      const ended = new Promise((done) => child.once('exit', (_, signal) => done(signal)));
      await isHalfWay();
      child.kill('SIGKILL');
      return ended;
    },
  };
}
