/** A program of the virtual environment with LiteLLM, run as a person would. */
import { execFile } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { inject } from 'vitest';
import { cleanEnvironment } from '../../scripts/local/clean-environment.ts';
import { masterKey } from '../e2e/api-client.ts';

export interface Ran {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

const limitMs = 110_000;

/**
 * Runs a program to its end, in a home folder of its own, pointed at the deployed service, and prints
 * what it said. Throws where it cannot be started or does not end in time.
 */
export async function run(
  program: string,
  args: readonly string[],
  extra: Readonly<Record<string, string>> = {},
): Promise<Ran> {
  const { baseUrl } = inject('deployed');
  const home = mkdtempSync(join(tmpdir(), 'latchkey-clients-'));
  const env = cleanEnvironment(home, {
    LITELLM_PROXY_URL: baseUrl,
    LITELLM_PROXY_API_KEY: masterKey,
    LATCHKEY_URL: baseUrl,
    LATCHKEY_ADMIN_KEY: masterKey,
    // No download of a price list at every start.
    LITELLM_LOCAL_MODEL_COST_MAP: 'True',
    PYTHONDONTWRITEBYTECODE: '1',
    // As wide as a table with a token hash: the command line wraps where the terminal ends.
    COLUMNS: '200',
    ...extra,
  });
  try {
    const ran = await ended(join(inject('litellmPrograms'), program), args, env);
    process.stdout.write(
      `\n$ ${program} ${args.join(' ')}\n${shortened(ran.stdout + ran.stderr)}\n`,
    );
    return ran;
  } finally {
    rmSync(home, { recursive: true, force: true });
  }
}

const shortened = (text: string): string => {
  const lines = text.trimEnd().split('\n');
  const shown = 30;
  if (lines.length <= shown) return lines.join('\n');
  return [...lines.slice(0, shown), `... ${lines.length - shown} more lines`].join('\n');
};

const ended = (file: string, args: readonly string[], env: Record<string, string>): Promise<Ran> =>
  new Promise((resolve, reject) => {
    execFile(file, args, { env, timeout: limitMs }, (error, stdout, stderr) => {
      const code = error === null ? 0 : error.code;
      if (typeof code === 'number') resolve({ code, stdout, stderr });
      else reject(new Error(`${file} did not end by itself:\n${stderr}`, { cause: error }));
    });
  });
