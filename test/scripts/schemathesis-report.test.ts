import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { readReport } from '../../scripts/local/schemathesis-report.ts';

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'latchkey-report-'));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

const scenario = (label: string, statuses: readonly number[], checks: readonly string[]) =>
  JSON.stringify({
    ScenarioFinished: {
      recorder: {
        label,
        interactions: Object.fromEntries(
          statuses.map((status_code, index) => [index, { response: { status_code } }]),
        ),
        checks: { a: checks.map((status) => ({ name: 'not_a_server_error', status })) },
      },
    },
  });

it('counts what was sent to each operation over all phases, what was answered, and what held', () => {
  const lines = [
    '{"Initialize":{"seed":1}}',
    scenario('GET /key/info', [200, 404], ['success', 'success']),
    scenario('GET /key/info', [200], ['failure']),
    scenario('GET /audit', [401], ['success', 'skip']),
    '{"ScenarioFinished":{"recorder":{"label":"GET /ui"}}}',
  ];
  writeFileSync(join(folder, 'run.ndjson'), `${lines.join('\n')}\n`);
  expect(readReport(folder)).toEqual({
    requests: { 'GET /key/info': 3, 'GET /audit': 1, 'GET /ui': 0 },
    statuses: { 200: 2, 404: 1, 401: 1 },
    held: 3,
    failed: 1,
  });
});

it('throws where there is no report', () => {
  expect(() => readReport(folder)).toThrow('no report');
});
