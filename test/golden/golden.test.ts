/**
 * Holds the handlers, run in this process, against what LiteLLM answered. docs/differences.md says
 * where they differ and why; a difference without a line there, or a line without one, fails.
 */
import { beforeAll, describe, expect, it } from 'vitest';
import type { Settings } from '../../lambdas/shared/domain/settings.ts';
import { startedService } from '../fakes/service.ts';
import { judge } from './differences.ts';
import { type RecordingName, recordedRows } from './recording.ts';
import { type Outcome, replay } from './replay.ts';
import { report } from './report.ts';

/** What the second recording was made with. The alias pattern is the one that LiteLLM has built in. */
const policySettings: Partial<Settings> = {
  keyDefaults: {
    max_budget: 20,
    models: ['fake-model'],
    metadata: { src: 'default' },
    tpm_limit: 100,
    duration: '20d',
    budget_duration: '7d',
  },
  keyLimits: {
    max_budget: 100,
    max_parallel_requests: 5,
    tpm_limit: 1000,
    duration: '30d',
    budget_duration: '30d',
  },
  allowCustomKeys: false,
  aliasPattern: '[a-zA-Z0-9][a-zA-Z0-9_/.@-]{0,253}[a-zA-Z0-9]',
};

/** Between two requests, so that no two keys are of the same instant. */
const pauseMs = 13;

async function replayInProcess(
  name: RecordingName,
  settings: Partial<Settings>,
): Promise<Outcome[]> {
  const service = await startedService(settings);
  const { clock, deliver, send } = service;
  const { now } = clock;
  return replay(
    recordedRows(name),
    async (request) => {
      const reply = await send(request);
      await deliver();
      clock.advance(pauseMs);
      return reply;
    },
    {
      now,
      skewMs: 0,
      waitUntil: async (instant) => clock.advance(Math.max(0, instant.getTime() - now().getTime())),
    },
  );
}

describe('answers recorded from LiteLLM', () => {
  let byDefault: Outcome[] = [];
  let underPolicy: Outcome[] = [];

  beforeAll(async () => {
    byDefault = await replayInProcess('default', {});
    underPolicy = await replayInProcess('policy', policySettings);
    process.stdout.write(report('Golden suite, default settings', byDefault, judge(byDefault)));
    process.stdout.write(report('Golden suite, policy settings', underPolicy, judge(underPolicy)));
  });

  it('differ from ours under default settings only as docs/differences.md says', () => {
    expect(judge(byDefault).unexplained).toEqual([]);
  });

  it('differ from ours under key defaults and limits only as docs/differences.md says', () => {
    expect(judge(underPolicy).unexplained).toEqual([]);
  });

  it('still differ in everything that docs/differences.md lists', () => {
    expect(judge([...byDefault, ...underPolicy]).stale).toEqual([]);
  });

  it('are compared for every row of a route that exists, bar what follows from other routes', () => {
    expect(compared(byDefault)).toBeGreaterThanOrEqual(332);
    expect(compared(underPolicy)).toBeGreaterThanOrEqual(29);
  });
});

const compared = (outcomes: readonly Outcome[]): number =>
  outcomes.filter(({ skipped }) => skipped === null).length;
