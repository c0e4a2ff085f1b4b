/** The sequence recorded from LiteLLM, replayed over HTTP against the deployed stack. */
import { setTimeout as sleep } from 'node:timers/promises';
import { expect, inject, it } from 'vitest';
import { judge } from '../golden/differences.ts';
import { recordedRows } from '../golden/recording.ts';
import { replay } from '../golden/replay.ts';
import { report } from '../golden/report.ts';

it('answers as LiteLLM does, or differs as docs/differences.md says', async () => {
  const { baseUrl } = inject('deployed');
  const outcomes = await replay(
    recordedRows('default'),
    async ({ method, path, headers, body }) => {
      const answer = await fetch(baseUrl + path, {
        method,
        headers,
        redirect: 'manual',
        ...(body === undefined ? {} : { body }),
      });
      const text = await answer.text();
      return {
        status: answer.status,
        headers: Object.fromEntries(answer.headers),
        body: text === '' ? undefined : JSON.parse(text),
      };
    },
    {
      now: () => new Date(),
      waitUntil: (instant) => sleep(Math.max(0, instant.getTime() - Date.now()) + 1000),
      skewMs: 2000,
    },
  );
  const judgement = judge(outcomes);
  process.stdout.write(report('default, over HTTP', outcomes, judgement));
  expect(judgement.unexplained).toEqual([]);
}, 120_000);
