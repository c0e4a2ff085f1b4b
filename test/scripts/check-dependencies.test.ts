/** Reports as npm wrote them, with advisories that were made up; what the lockfile tells; the command. */
import { spawn } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { describe, expect, it } from 'vitest';
import { judge } from '../../scripts/dependencies/advisories.ts';
import { wrongIn } from '../../scripts/dependencies/lockfile.ts';

const project = resolve(import.meta.dirname, '../..');
const recorded = (name: string) =>
  readFileSync(join(import.meta.dirname, 'fixtures/npm-audit', `${name}.json`), 'utf8');

const allowed = (advisory: string, name: string, until: string) => ({
  advisory,
  package: name,
  reason: 'Only builds what we wrote ourselves.',
  until,
});
const zod = allowed('GHSA-aaaa-bbbb-cccc', 'zod', '2026-12-31');
const esbuild = allowed('GHSA-dddd-eeee-ffff', 'esbuild', '2026-12-31');
const today = '2026-12-31';

describe('the judgement about a report', () => {
  it('is clean where npm found nothing', () => {
    expect(judge(recorded('clean'), [], today)).toEqual({ verdict: 'clean', lines: [] });
  });

  it('names each advisory once, and not what it hits through others', () => {
    expect(judge(recorded('found'), [], today)).toEqual({
      verdict: 'found',
      lines: [
        'GHSA-dddd-eeee-ffff moderate esbuild <=99.0.0: esbuild made up for a test',
        'GHSA-aaaa-bbbb-cccc high zod <=99.0.0: zod made up for a test',
      ],
    });
  });

  it('is clean where all of them are allowed, to the last day, and still names them', () => {
    const { verdict, lines } = judge(recorded('found'), [zod, esbuild], today);
    expect(verdict).toBe('clean');
    expect(lines).toHaveLength(2);
    expect(lines[1]).toContain('allowed until 2026-12-31: Only builds what we wrote ourselves.');
  });

  it.each([
    ['one is not allowed', [zod]],
    ['one is allowed no longer', [zod, { ...esbuild, until: '2026-12-30' }]],
    ['one is allowed in another package', [zod, { ...esbuild, package: 'vite' }]],
    ['another one of the package is allowed', [zod, { ...esbuild, advisory: 'GHSA-xxxx' }]],
  ])('is found where %s', (_, allowances) => {
    expect(judge(recorded('found'), allowances, today).verdict).toBe('found');
  });

  it('tells of an allowance that nothing needs any more', () => {
    expect(judge(recorded('clean'), [zod], today)).toEqual({
      verdict: 'clean',
      lines: ['GHSA-aaaa-bbbb-cccc of zod is allowed and not found any more'],
    });
  });

  it('is neither where the registry has no such endpoint, and says so', () => {
    const { verdict, lines } = judge(recorded('no-endpoint'), [], today);
    expect(verdict).toBe('unanswered');
    expect(lines.join()).toMatch(/^NOT CHECKED: 405 Method Not Allowed/);
  });

  it.each(['', 'npm: command not found', '{}', '[]', 'null', '{"vulnerabilities":{"x":{}}}'])(
    'is never clean for what is no report: %s',
    (text) => {
      expect(judge(text, [zod, esbuild], today).verdict).toBe('unanswered');
    },
  );
});

describe('a lockfile', () => {
  const fine = { version: '1.0.0', integrity: 'sha512-x' };
  const wrong = (packages: object) => wrongIn(JSON.stringify({ packages }), ['approved']);

  it('is fine where each package has a hash, its own or that of what it came in', () => {
    const bundled = { version: '2.0.0', inBundle: true };
    expect(
      wrong({ '': {}, 'node_modules/a': fine, 'node_modules/a/node_modules/b': bundled }),
    ).toEqual([]);
    expect(wrong({ 'node_modules/approved': { ...fine, hasInstallScript: true } })).toEqual([]);
  });

  it.each([
    [{ version: '1.0.0' }, 'has no hash'],
    [{ ...fine, resolved: 'git+ssh://git@host/x.git' }, 'comes from git+ssh://git@host/x.git'],
    [{ ...fine, deprecated: 'use y' }, 'is deprecated: use y'],
    [{ ...fine, hasInstallScript: true }, 'runs a script at install that is not approved'],
  ])('is not with %j', (entry, what) => {
    expect(wrong({ 'node_modules/a/node_modules/@b/c': entry })).toEqual([`@b/c@1.0.0 ${what}`]);
  });
});

describe('the command', () => {
  const run = (...args: string[]) =>
    new Promise<{ code: number | null; said: string }>((done) => {
      // Nothing listens there.
      const env = { ...process.env, npm_config_registry: 'http://127.0.0.1:9' };
      const child = spawn(process.execPath, ['scripts/check-dependencies.ts', ...args], {
        cwd: project,
        env,
      });
      let said = '';
      child.stdout.on('data', (part) => {
        said += String(part);
      });
      child.on('close', (code) => {
        done({ code, said });
      });
    });

  it('is neither green nor red where no registry answers, unless it has to', async () => {
    const { code, said } = await run();
    expect(said).toContain('Lockfile: each package has a hash');
    expect(said).toMatch(/NOT CHECKED: .*127\.0\.0\.1/);
    expect(said).toContain('Advisories: not checked');
    expect(code).toBe(2);
    expect((await run('--required')).code).toBe(1);
  });
});
