/**
 * The crash matrix of generate: every call of the operation and of the first reconciler pass after
 * it, hit by every kind of fault, one and two at a time; then the reconciler runs undisturbed, and
 * everything must have come to rest. Reads of Secrets Manager are as stale as they may be.
 */
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { tokenHash } from '../../lambdas/shared/domain/key-format.ts';
import { type Received, startedService } from '../fakes/service.ts';
import { Died, type FaultKind, type FaultPlan, FaultyProcess, faultKinds } from './fault-port.ts';
import { faultyDueRows, faultySecrets, faultyTable } from './faulty-stores.ts';
import { brokenAtRest, type World } from './invariants.ts';

/** A variant of the operation: what is asked for, and what is there before. */
interface Variant {
  readonly name: string;
  readonly body: Readonly<Record<string, unknown>>;
  readonly idempotencyKey?: string;
  readonly before?: (world: World) => Promise<void>;
  /** Statuses that a faultless run may answer. */
  readonly expected: number;
}

const owner = 'owner@example.com';
const variants: readonly Variant[] = [
  {
    name: 'alias, mail and Idempotency-Key',
    body: { key_alias: 'a', user_email: owner, send_invite_email: true },
    idempotencyKey: 'retry-1',
    expected: 200,
  },
  { name: 'no alias', body: {}, expected: 200 },
  { name: 'no secret', body: { store_secret: false, key_alias: 'a' }, expected: 200 },
  {
    name: "somebody else's secret under the name",
    body: { key_alias: 'a' },
    before: async ({ secrets }) => {
      secrets.service.createSecret({
        Name: 'litellm/a',
        SecretString: 'theirs',
        ClientRequestToken: 'f'.repeat(32),
      });
    },
    expected: 409,
  },
  {
    name: 'an alias that an undone birth freed',
    body: { key_alias: 'a' },
    before: async (world) => {
      world.secrets.trouble('throttled');
      await world.generate({ key_alias: 'a' });
    },
    expected: 200,
  },
];

/** How many faults hit a run. `FAULTS=1` leaves out the pairs: 2 s rather than a minute. */
const faultCounts = process.env['FAULTS'] === '1' ? ([1] as const) : ([1, 2] as const);

const passes = 6;
const endOfTime = new Date('9999-01-01T00:00:00.000Z');

/** What the functions of the present run have logged. */
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

/** Runs a variant under a plan and returns what is broken, and how many calls there were to hit. */
async function run({ body, idempotencyKey, before }: Variant, plan: FaultPlan) {
  logged = [];
  const world = await startedService();
  const { clock, settings, table, secrets, due } = world;
  const { lateCallSeconds, staleReadSeconds, fenceSeconds, reconcilerPeriodSeconds } =
    settings.timing;
  await before?.(world);
  secrets.service.staleFor((operation) =>
    operation === 'DescribeSecret' ? staleReadSeconds * 1000 : 0,
  );
  const sent = {
    path: '/key/generate',
    headers: {
      authorization: 'Bearer sk-1234',
      ...(idempotencyKey === undefined ? {} : { 'idempotency-key': idempotencyKey }),
    },
    body,
  };

  const process = new FaultyProcess(plan, clock, lateCallSeconds * 1000);
  const seen = {
    table: faultyTable(table, process),
    secrets: faultySecrets(secrets, process),
    due: faultyDueRows(due, process),
  };
  const startedAt = clock.now().getTime();
  const answer = await world.sendThrough(seen, sent);
  const tookMs = clock.now().getTime() - startedAt;
  // The client of a process that died got nothing.
  const told = process.isDead ? null : answer;
  const broken = [...brokenAnswer(told, tookMs, world)];

  // The first pass is a new process under the same plan: its calls go on counting.
  process.isDead = false;
  const tick = () => clock.pass((fenceSeconds + reconcilerPeriodSeconds) * 1000);
  await tick();
  await world.repair(seen).catch((error: unknown) => {
    if (!(error instanceof Died) && !process.isDead && plan.size === 0) throw error;
  });
  // The stated number of passes, or fewer once nothing is due any more.
  for (let pass = 0; pass < passes; pass += 1) {
    await tick();
    if ((await due.findDue(endOfTime, 1)).length === 0) break;
    await world.repair();
  }
  await world.deliver();
  broken.push(...brokenAtRest(world, logged), ...brokenMails(world, body));
  if (told?.status === 200) broken.push(...brokenPromise(told, world));
  if (idempotencyKey !== undefined) {
    const again = await world.send(sent);
    const isSame = told?.status !== 200 || again.body.key === told.body.key;
    if (again.status !== 200 || !isSame) broken.push(`I12: the retry got ${again.status}`);
    await world.deliver();
    broken.push(...brokenAtRest(world, logged));
    const live = table
      .rows()
      .filter(({ keyId, status }) => keyId !== 'master' && status === 'active');
    if (live.length !== 1) broken.push(`I12: ${live.length} live keys after the retry`);
  }
  return { broken, calls: process.calls, made: process.made, status: answer.status };
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
  const row = table.row(body.key_id);
  if (row?.status !== 'active' || row.cur.hash !== tokenHash(body.key)) {
    return ['I4: the key that a 200 told is not valid'];
  }
  if (row.secretName === null) return [];
  const version = secrets.secrets.get(row.secretName)?.versions.get(row.cur.ver ?? '');
  return version?.value === body.key ? [] : ['I4: its recorded version does not hold the key'];
}

/** I17: the owner of a live key is mailed once, the one of an undone birth never. */
function brokenMails({ table, mailer }: World, body: Variant['body']): string[] {
  if (body['send_invite_email'] !== true) return [];
  const isLive = table.rows().some(({ alias, status }) => alias === 'a' && status === 'active');
  return mailer.inbox.length === (isLive ? 1 : 0)
    ? []
    : [`I17: ${mailer.inbox.length} mails for a key that is ${isLive ? 'live' : 'undone'}`];
}

function* plans(calls: number, faults: 1 | 2): Generator<FaultPlan> {
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

describe('crash matrix of generate', () => {
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
        `generate, ${variant.name}: ${calls} calls, ${tried} plans of ${variant.faults} fault(s), ${violations.length} violations`,
      );
      expect(violations.slice(0, 5)).toEqual([]);
      expect(tried).toBeGreaterThan(calls);
    },
    120_000,
  );
});
