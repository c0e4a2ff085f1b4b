/**
 * The crash matrix of claim links: every call of a claim, and of a use too many, hit by every kind of
 * fault, one and two at a time. Whatever happens nobody is shown the key twice by one link, the trail
 * tells of each showing, and the owner can have another link.
 */
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { type Received, startedService } from '../fakes/service.ts';
import { claim, claimLinkOf, mailed, newestToken } from '../lambdas/fixtures/claims.ts';
import { type FaultPlan, FaultyProcess } from './fault-port.ts';
import { faultyStores } from './faulty-stores.ts';
import { brokenAtRest, brokenNow, type World } from './invariants.ts';
import { crashMatrix, mostlyOnes, onesAndPairs, plans } from './matrix.ts';

let logged: string[] = [];
const report: string[] = [];
beforeAll(() => {
  vi.spyOn(process.stdout, 'write').mockImplementation((line) => {
    logged.push(String(line));
    return true;
  });
});
afterAll(() => {
  vi.restoreAllMocks();
  process.stdout.write(`\nCrash matrix\n${report.join('\n')}\n`);
});

const variants = [
  { name: 'a claim', usesBefore: 0, expected: 200, faultCounts: onesAndPairs },
  { name: 'a use too many', usesBefore: 1, expected: 410, faultCounts: mostlyOnes },
] as const;

describe('crash matrix of claim links', () => {
  it.each(variants)('without faults: $name', async ({ usesBefore, expected }) => {
    const { broken, status } = await run(usesBefore, new Map());
    expect({ broken, status }).toEqual({ broken: [], status: expected });
  });

  it.each(
    variants.flatMap((variant) => variant.faultCounts.map((faults) => ({ ...variant, faults }))),
  )(
    'shows the key at most once after $faults fault(s): $name',
    async ({ name, usesBefore, faults }) => {
      const { calls } = await run(usesBefore, new Map());
      const violations: string[] = [];
      let tried = 0;
      for (const plan of plans(calls, faults)) {
        const { broken, made } = await run(usesBefore, plan);
        tried += 1;
        for (const sentence of broken) {
          violations.push(`${JSON.stringify([...plan])}: ${sentence} (${made.join(', ')})`);
        }
      }
      report.push(
        `claim links, ${name}: ${calls} calls, ${tried} plans of ${faults} fault(s), ${violations.length} violations`,
      );
      expect(violations.slice(0, 5)).toEqual([]);
      expect(tried).toBeGreaterThan(calls);
    },
    600_000,
  );
});

async function run(usesBefore: 0 | 1, plan: FaultPlan) {
  logged = [];
  const world = await startedService();
  const { clock, settings } = world;
  const { lateCallSeconds, functionTimeoutSeconds } = settings.timing;
  const { key, key_id, claim: token } = await mailed(world);
  const broken: string[] = [];
  const answers: Received[] = [];
  for (let use = 0; use < usesBefore; use += 1) answers.push(await claim(world, token));

  const hit = new FaultyProcess(plan, clock, lateCallSeconds * 1000, () => {
    broken.push(...brokenNow(world));
  });
  const seen = faultyStores(world.processStores, hit);
  const startedAt = clock.now().getTime();
  const answer = await world.sendThrough(seen, { path: '/key/claim', body: { token } });
  if (clock.now().getTime() - startedAt > functionTimeoutSeconds * 1000 - 1000) {
    broken.push('I20: took too long');
  }
  // The client of a process that died got nothing.
  if (!hit.isDead) {
    answers.push(answer);
    broken.push(...brokenAnswer(answer));
  }

  await clock.pass(2 * lateCallSeconds * 1000);
  const shownBefore = answers.filter(({ status }) => status === 200).length;
  const again = await claim(world, token);
  answers.push(again);
  if (shownBefore > 0 && again.status !== 410) broken.push(`a used link answered ${again.status}`);
  const shown = answers.filter(({ status }) => status === 200);
  if (shown.length > 1) broken.push('the key was shown twice');
  if (shown.some(({ body }) => body.key !== key)) broken.push('another key was shown');
  await world.deliver();
  broken.push(...brokenTrail(world, key_id, answers));

  const asked = await claimLinkOf(world, key_id);
  await world.deliver();
  const renewed = await claim(world, newestToken(world));
  if (asked.status !== 200 || renewed.body.key !== key) broken.push('a new link shows nothing');
  await world.deliver();
  broken.push(...brokenAtRest(world, logged));
  if (logged.join().includes(token.split('.')[1] ?? '')) broken.push('I13: a token is in the log');
  return { broken, status: answer.status, calls: hit.calls, made: hit.made };
}

/** I18: told when to come back, or what to do instead. */
function brokenAnswer({ status, headers }: Received): string[] {
  if (![200, 409, 410, 503].includes(status)) return [`I18: answered ${status}`];
  return status === 503 && headers['retry-after'] === undefined
    ? ['I18: a 503 without Retry-After']
    : [];
}

/** Each showing is in the trail, the link was used up once, and each use too many is there, and mailed. */
function brokenTrail({ trail, mailer }: World, keyId: string, answers: readonly Received[]) {
  const actions = trail.of(keyId).map(({ action }) => action);
  const claimed = actions.filter((action) => action === 'claimed').length;
  const reused = actions.filter((action) => action === 'claim_reused').length;
  const shown = answers.filter(({ status }) => status === 200).length;
  const told = answers.filter(
    ({ status, body }) => status === 410 && !body.error.message.includes('nobody was shown'),
  ).length;
  const mails = mailer.inbox.filter(({ subject }) => subject.includes('Used Twice')).length;
  return [
    ...(claimed > 1 ? [`the link was used up ${claimed} times`] : []),
    ...(shown > claimed ? ['a showing is in no record'] : []),
    ...(reused < told ? [`${told} uses too many, ${reused} in the trail`] : []),
    ...(mails === reused ? [] : [`${reused} uses too many, ${mails} mailed`]),
  ];
}

crashMatrix(
  'requests for a claim link',
  [
    {
      name: 'claim link',
      born: { key_alias: 'a', user_email: 'ada@example.com' },
      sent: (of) => ({
        path: `/key/${of.key_id}/claim-link`,
        headers: { 'idempotency-key': 'retry-1' },
      }),
      expected: 200,
      promise: ({ table }, { key_id }) =>
        table.row(key_id)?.claimLink === undefined ? ['the request is not there'] : [],
      finally: ({ mailer, trail }, { key_id }) => {
        const asked = trail.of(key_id).filter(({ action }) => action === 'claim_link_requested');
        return asked.length === 1 && mailer.inbox.length === 1
          ? []
          : [`I12: asked ${asked.length} times, ${mailer.inbox.length} mails`];
      },
      disturbedRuns: 0,
    },
  ],
  mostlyOnes,
);
