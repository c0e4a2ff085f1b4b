/** Commands of operators, each given as a process of its own, as on AWS: the environment says who asks. */
import { execFile, spawn } from 'node:child_process';
import { createServer } from 'node:http';
import { resolve } from 'node:path';
import { inject } from 'vitest';
import { forwarder } from '../../scripts/local/forward.ts';
import { close, listen, readBody } from '../../scripts/local/listen.ts';

export interface Ended {
  readonly code: unknown;
  readonly said: string;
}

interface Calls {
  readonly calls: number;
  readonly operation: 'PutItem' | 'TransactWriteItems' | 'UpdateItem';
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
    /**
     * Kills it when so many calls of an operation to the tables have taken effect, before it is told of the
     * last; its calls after that reach nobody. Tells by which signal it ended, null where it ended before.
     */
    killAfter: async (
      { calls, operation }: Calls,
      script: string,
      ...args: readonly string[]
    ): Promise<unknown> => {
      const upstream = forwarder(inject('deployed').endpoint);
      let seen = 0;
      const server = createServer((incoming, outgoing) => {
        const { method = 'POST', url = '/', headers } = incoming;
        if (seen >= calls) return;
        const isCounted = String(headers['x-amz-target']).endsWith(`.${operation}`);
        if (isCounted) seen += 1;
        const isLast = isCounted && seen === calls;
        const passOn = async () => {
          const body = await readBody(incoming);
          const answer = await upstream.send({ method, path: url, headers, body });
          if (isLast) child.kill('SIGKILL');
          if (seen >= calls) return;
          const length = { 'content-length': answer.body.length };
          outgoing.writeHead(answer.status, { ...answer.headers, ...length }).end(answer.body);
        };
        passOn().catch((error: Error) => outgoing.destroy(error));
      });
      const tables = `http://127.0.0.1:${await listen(server, 0)}`;
      const child = spawn(process.execPath, argumentsOf(script, args), {
        ...settings,
        env: { ...settings.env, AWS_ENDPOINT_URL_DYNAMODB: tables },
        stdio: 'ignore',
      });
      const signal = await new Promise((done) => child.once('exit', (_, by) => done(by)));
      await close(server);
      upstream.close();
      return signal;
    },
  };
}
