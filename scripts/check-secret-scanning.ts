/**
 * `npm run check:secret-scanning [-- <gitleaks>]`: whether gitleaks, with the rule of
 * `docs/secret-scanning`, finds every key and takes nothing else for one. It makes the keys, among
 * look-alikes, in a folder that it removes again. Exit code 0: it does; 1: it does not; 2: there is no
 * gitleaks.
 */
import { spawnSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import * as z from 'zod/mini';
import {
  maskedName,
  newKey,
  newKeyId,
  randomBase62,
  tokenHash,
} from '../lambdas/shared/domain/key-format.ts';

const rule = 'latchkey-key';
const config = resolve(import.meta.dirname, '../docs/secret-scanning/gitleaks.toml');
const finds = z.array(z.object({ RuleID: z.string(), Secret: z.string() }));
const [program = 'gitleaks'] = process.argv.slice(2);

const keys = Array.from({ length: 500 }, (_, index) =>
  newKey(index % 50 === 0 ? 'master' : newKeyId(randomBytes), randomBytes),
);
const folder = mkdtempSync(join(tmpdir(), 'latchkey-secrets-'));
try {
  const planted = join(folder, 'planted');
  mkdirSync(planted);
  for (const [name, form] of forms()) {
    writeFileSync(join(planted, name), `${keys.map(form).join('\n')}\n`);
  }
  writeFileSync(join(planted, 'look-alikes.txt'), `${keys.flatMap(lookAlikes).join('\n')}\n`);
  const report = join(folder, 'report.json');
  const args = [
    'dir',
    '--no-banner',
    '--exit-code=0',
    '--report-format=json',
    `--report-path=${report}`,
  ];
  const ran = spawnSync(program, [...args, `--config=${config}`, planted], { encoding: 'utf8' });
  if (ran.error !== undefined || ran.status !== 0) {
    process.stderr.write(`Cannot run ${program}: ${ran.error?.message ?? ran.stderr}\n`);
    process.exitCode = 2;
  } else {
    tell(finds.parse(JSON.parse(readFileSync(report, 'utf8'))));
  }
} finally {
  rmSync(folder, { recursive: true, force: true });
}

function tell(all: z.infer<typeof finds>): void {
  const found = all.filter(({ RuleID }) => RuleID === rule).map(({ Secret }) => Secret);
  const missed = keys.flatMap((key) => {
    const times = found.filter((each) => each === key).length;
    return times < forms().length ? [key] : [];
  });
  const wrong = found.filter((each) => !keys.includes(each));
  process.stdout.write(
    `${keys.length} keys in ${forms().length} forms each: ${missed.length} missed; ` +
      `${keys.flatMap(lookAlikes).length} look-alikes: ${wrong.length} taken for keys\n`,
  );
  if (missed.length > 0 || wrong.length > 0) process.exitCode = 1;
}

function forms(): [name: string, form: (key: string) => string][] {
  return [
    ['.env', (key) => `LATCHKEY_KEY=${key}`],
    ['config.json', (key) => `{"key": "${key}"}`],
    ['curl.sh', (key) => `curl -H "Authorization: Bearer ${key}" https://api.example.com/key/info`],
    ['access.log', (key) => `GET /key/info?key=${key}&x=1 200`],
  ];
}

function lookAlikes(key: string): string[] {
  return [
    tokenHash(key),
    maskedName(key),
    key.slice(0, -1),
    `${key}x`,
    `sk-${randomBytes(16).toString('base64url')}`,
    randomBase62(60, randomBytes),
  ];
}
