/**
 * The crash matrix: every call of an operation and of the reconciler runs after it, hit by every kind
 * of fault, one and two at a time; then the reconciler runs undisturbed, and everything must have come
 * to rest. Reads of Secrets Manager are as stale as they may be. An operation joins with a variant.
 */
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { tokenHash } from '../../lambdas/shared/domain/key-format.ts';
import { rotationSteps } from '../../lambdas/shared/protocol/rotate-secret.ts';
import type { RotationEvent } from '../fakes/secrets-manager.ts';
import { type Received, type Sent, startedService } from '../fakes/service.ts';
import { Died, type FaultKind, type FaultPlan, FaultyProcess, faultKinds } from './fault-port.ts';
import { faultyStores } from './faulty-stores.ts';
import { brokenAtRest, brokenNow, type World } from './invariants.ts';

export interface Variant {
  readonly name: string;
  /** Body of a generate that comes first: the key that `sent` is about. */
  readonly born?: object;
  /**
   * What is asked for, as the admin; `rotation` for a run of the schedule; `secrets-manager` for a
   * rotation that Secrets Manager drives; null where only the reconciler has work.
   */
  readonly sent: Sent | ((born: Born) => Sent) | 'rotation' | 'secrets-manager' | null;
  /** Which steps of that are under the plan; the others come before it, or not at all. All unless said. */
  readonly steps?: readonly RotationEvent['Step'][];
  /** When Secrets Manager asks again for a rotation that failed; `later` unless said. */
  readonly askedAgain?: 'at once' | 'later' | 'never';
  /** Status that a faultless run answers. */
  readonly expected?: number;
  /** What is there before, beside that key. */
  readonly before?: (world: World, born: Born) => Promise<void>;
  /** Live keys once all is over; 1 unless said. */
  readonly live?: number;
  /** What a 200 promises, beside that a key which it told is valid: sentences that are broken. */
  readonly promise?: (world: World, born: Born, told: Received) => string[];
  /** What must hold in the end, after the retry where there is one: sentences that are broken. */
  readonly finally?: (world: World, born: Born) => string[];
  /** How many runs of the reconciler are under the plan too. */
  readonly disturbedRuns?: number;
}

/** The key that a call is about. */
export interface Born {
  readonly key: string;
  readonly token: string;
  readonly key_id: string;
}
const nobody: Born = { key: '', token: '', key_id: '' };

/**
 * How many faults hit a run: `FAULTS=1` leaves out all pairs, which takes seconds rather than minutes,
 * and `FAULTS=2` leaves out none. Else the pairs are for the variants that are the heart of an operation.
 */
export const onesAndPairs = process.env['FAULTS'] === '1' ? ([1] as const) : ([1, 2] as const);
export const mostlyOnes = process.env['FAULTS'] === '2' ? ([1, 2] as const) : ([1] as const);

const passes = 8;
/** After a try that failed the schedule tries again. */
export const rotationPauseMs = 7_200_000;
const endOfTime = new Date('9999-01-01T00:00:00.000Z');

/** What the functions of the present run have logged. */
let logged: string[] = [];

/** The tests of a matrix; prints plans tried and violations. */
export function crashMatrix(
  title: string,
  variants: readonly Variant[],
  faultCounts: readonly (1 | 2)[] = onesAndPairs,
): void {
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

  describe(`crash matrix of ${title}`, () => {
    it.each(variants)('without faults: $name', async (variant) => {
      const { broken, status } = await run(variant, new Map());
      expect({ broken, status }).toEqual({ broken: [], status: variant.expected });
    });

    it.each(variants.flatMap((variant) => faultCounts.map((faults) => ({ ...variant, faults }))))(
      'comes to rest after $faults fault(s): $name',
      async (variant) => {
        const { calls } = await run(variant, new Map());
        const violations: string[] = [];
        let tried = 0;
        for (const plan of plans(calls, variant.faults)) {
          const { broken, made } = await run(variant, plan);
          tried += 1;
          for (const sentence of broken) {
            violations.push(`${print(plan)}: ${sentence} (${made.join(', ')})`);
          }
        }
        report.push(
          `${title}, ${variant.name}: ${calls} calls, ${tried} plans of ${variant.faults} fault(s), ${violations.length} violations`,
        );
        expect(violations.slice(0, 5)).toEqual([]);
        expect(tried).toBeGreaterThan(calls);
      },
      600_000,
    );
  });
}

/** Runs a variant under a plan and returns what is broken, and how many calls there were to hit. */
async function run(variant: Variant, plan: FaultPlan) {
  const { before, disturbedRuns = 1, promise, live: expectedLive = 1 } = variant;
  logged = [];
  const world = await startedService();
  const { clock, settings, secrets, table, due } = world;
  const { lateCallSeconds, staleReadSeconds, fenceSeconds, reconcilerPeriodSeconds } =
    settings.timing;
  const born: Born =
    variant.born === undefined ? nobody : (await world.generate(variant.born)).body;
  await before?.(world, born);
  await world.deliver();
  world.mailer.inbox.length = 0;
  const isScheduled = variant.sent === 'rotation';
  const isDriven = variant.sent === 'secrets-manager';
  const isRepair = variant.sent === null;
  const sent =
    typeof variant.sent === 'function'
      ? variant.sent(born)
      : typeof variant.sent === 'string'
        ? null
        : variant.sent;
  secrets.service.staleFor((operation) =>
    operation === 'DescribeSecret' ? staleReadSeconds * 1000 : 0,
  );
  const broken: string[] = [];
  let observed = '';
  const hit = new FaultyProcess(plan, clock, lateCallSeconds * 1000, () => {
    const state = `${table.changes.length} ${secrets.calls}`;
    if (isRepair || state === observed) return;
    observed = state;
    broken.push(...brokenNow(world));
  });
  const seen = faultyStores(world.processStores, hit);
  const authorised = sent && {
    ...sent,
    headers: { authorization: 'Bearer sk-1234', ...sent.headers },
  };

  let status: number | undefined;
  let told: Received | null = null;
  if (authorised !== null) {
    const startedAt = clock.now().getTime();
    const answer = await world.sendThrough(seen, authorised);
    // The client of a process that died got nothing.
    told = hit.isDead ? null : answer;
    status = answer.status;
    broken.push(...brokenAnswer(told, clock.now().getTime() - startedAt, world));
  }

  const unlessHit = (error: unknown) => {
    if (!(error instanceof Died) && !hit.isDead && plan.size === 0) throw error;
  };
  if (isScheduled) {
    const startedAt = clock.now().getTime();
    await world.rotate(seen).catch(unlessHit);
    broken.push(...brokenAnswer(null, clock.now().getTime() - startedAt, world));
  }

  const { askedAgain = 'later', steps = rotationSteps } = variant;
  const rotated = world.table.row(born.key_id)?.secretName ?? '';
  /** Each step is a new process under the same plan; the first that fails is the last. */
  const takeSteps = async () => {
    for (const event of secrets.service.rotationEvents(rotated)) {
      if (!steps.includes(event.Step)) continue;
      hit.isDead = false;
      const startedAt = clock.now().getTime();
      const isTaken = await world.takeStep(event, seen).then(() => true, unlessHit);
      broken.push(...brokenAnswer(null, clock.now().getTime() - startedAt, world));
      if (isTaken !== true) return;
    }
  };
  if (isDriven) {
    world.beginRotation(rotated);
    await clock.pass(staleReadSeconds * 1000);
    const [first] = steps;
    const earlier = rotationSteps.slice(0, first === undefined ? 0 : rotationSteps.indexOf(first));
    await world.takeSteps(rotated, world.processStores, earlier);
    await takeSteps();
    if (askedAgain === 'at once') await takeSteps();
  }

  // Each run of the reconciler is a new process under the same plan: its calls go on counting.
  const tick = () => clock.pass((fenceSeconds + reconcilerPeriodSeconds) * 1000);
  for (let disturbed = 0; disturbed < disturbedRuns; disturbed += 1) {
    hit.isDead = false;
    await tick();
    await world.repair(seen).catch(unlessHit);
  }
  // The stated number of passes, or fewer once nothing is due any more. Only the daily round of the
  // sweep finds what somebody else did to a secret.
  const rest = async () => {
    for (let pass = 0; pass < passes; pass += 1) {
      await tick();
      if ((await due.findDue(endOfTime, 1)).length === 0) break;
      await world.repair();
    }
  };
  await rest();
  if (isRepair) {
    await clock.pass(86_400_000);
    await world.repair();
    await rest();
  }
  if (isScheduled) {
    await clock.pass(rotationPauseMs);
    await world.rotate();
    await rest();
  }
  if (isDriven && askedAgain !== 'never') {
    await world.takeSteps(rotated);
    await rest();
  }
  await world.deliver();
  broken.push(...brokenAtRest(world, logged));
  if (!isRepair) broken.push(...brokenMails(world, sent?.body));
  if (told?.status === 200) {
    broken.push(...brokenPromise(told, world), ...(promise?.(world, born, told) ?? []));
  }
  if (authorised?.headers !== undefined && 'idempotency-key' in authorised.headers) {
    const again = await world.send(authorised);
    const isSame = told?.status !== 200 || again.body.key === told.body.key;
    if (again.status !== 200 || !isSame) broken.push(`I12: the retry got ${again.status}`);
    await world.deliver();
    broken.push(...brokenAtRest(world, logged));
    const live = table.rows().filter((row) => row.keyId !== 'master' && row.status === 'active');
    if (live.length !== expectedLive) broken.push(`I12: ${live.length} live keys after the retry`);
  }
  broken.push(...(variant.finally?.(world, born) ?? []));
  return { broken, calls: hit.calls, made: hit.made, status };
}

/** I18, I20: whatever fails behind it, a client gets a 200, or is told when to come back. */
function brokenAnswer(told: Received | null, tookMs: number, { settings }: World): string[] {
  const broken: string[] = [];
  if (told !== null && ![200, 400, 409, 503].includes(told.status)) {
    broken.push(`I18: answered ${told.status}`);
  }
  if (told?.status === 503 && told.headers['retry-after'] === undefined) {
    broken.push('I18: a 503 without Retry-After');
  }
  if (tookMs > settings.timing.functionTimeoutSeconds * 1000 - 1000) {
    broken.push(`I20: took ${tookMs} ms`);
  }
  return broken;
}

/** I4: what a 200 told is valid, and readable in the recorded version. */
function brokenPromise({ body }: Received, { table, secrets }: World): string[] {
  if (typeof body.key !== 'string' || !body.key.startsWith('sk-')) return [];
  const row = table.row(body.key_id);
  if (row?.status !== 'active' || row.cur.hash !== tokenHash(body.key)) {
    return ['I4: the key that a 200 told is not valid'];
  }
  if (row.secretName === null) return [];
  const version = secrets.secrets.get(row.secretName)?.versions.get(row.cur.ver ?? '');
  return version?.value === body.key ? [] : ['I4: its recorded version does not hold the key'];
}

/** I17: each rotation is told once, and so is the birth of a live key; what was undone is not. */
function brokenMails({ table, mailer, trail }: World, body: unknown): string[] {
  const rotations = table
    .rows()
    .flatMap(({ keyId, key }) =>
      key.user_email === undefined
        ? []
        : trail.of(keyId).filter(({ action }) => action === 'rotated'),
    );
  const told = mailer.inbox.filter(({ subject }) => subject.includes('Rotated'));
  if (told.length !== rotations.length) {
    return [`I17: ${told.length} mails for ${rotations.length} rotations`];
  }
  if (typeof body !== 'object' || body === null || !('send_invite_email' in body)) return [];
  const isLive = table.rows().some(({ alias, status }) => alias === 'a' && status === 'active');
  return mailer.inbox.length === (isLive ? 1 : 0)
    ? []
    : [`I17: ${mailer.inbox.length} mails for a key that is ${isLive ? 'live' : 'undone'}`];
}

/** Every plan of so many faults in a run of so many calls. */
export function* plans(calls: number, faults: 1 | 2): Generator<FaultPlan> {
  for (let first = 1; first <= calls; first += 1) {
    for (const kind of faultKinds) {
      if (faults === 1) yield new Map([[first, kind]]);
      if (faults === 1) continue;
      // A fault may lengthen the run, so the second may hit a call that a faultless run has not.
      for (let second = first + 1; second <= calls + 6; second += 1) {
        for (const other of faultKinds) {
          yield new Map<number, FaultKind>([
            [first, kind],
            [second, other],
          ]);
        }
      }
    }
  }
}

const print = (plan: FaultPlan) =>
  [...plan].map(([call, kind]) => `call ${call}: ${kind}`).join(', ');
