import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';

const app = join(import.meta.dirname, '../../bin/latchkey.ts');

/** Runs the app as the CDK CLI does, with the context of `-c name=value`. */
function synthesise(context: Record<string, string>) {
  return spawnSync(process.execPath, [app], {
    env: { PATH: process.env.PATH, CDK_CONTEXT_JSON: JSON.stringify(context) },
    encoding: 'utf8',
  });
}

describe('a mistake on the command line', () => {
  it.each([
    [{ env: 'qa' }, 'Environment qa: env is unknown'],
    [
      { env: 'prod', secretsEndpoint: 'http://127.0.0.1:1' },
      'Environment prod: secretsEndpoint can',
    ],
    [{ env: 'local' }, 'Environment local: AWS_ENDPOINT_URL is not set'],
  ])('%j is answered with one line and a failure', (context, message) => {
    const { status, stderr } = synthesise(context);
    expect(status).toBe(1);
    expect(stderr).toContain(message);
    expect(stderr.trim().split('\n')).toHaveLength(1);
  });
});
