/**
 * Runs a scenario: the real handlers, stream readers and scheduled functions over the strict fakes, in
 * a time that passes only when all of them wait. Then the faults end, the reconciler runs as often as it
 * takes, and everything must have come to rest.
 */
import { DomainError } from '../../lambdas/shared/domain/errors.ts';
import { AwsRefusal } from '../fakes/aws-refusal.ts';
import { seededChoice } from '../fakes/seeded-choice.ts';
import { startedService } from '../fakes/service.ts';
import { Died } from '../faults/fault-port.ts';
import { faultyStores } from '../faults/faulty-stores.ts';
import { brokenAtRest, isLetIn, type World } from '../faults/invariants.ts';
import { brokenAccounts } from './accounts.ts';
import { Clients } from './clients.ts';
import { Ledger } from './ledger.ts';
import { Readers } from './readers.ts';
import { badAddress, goodAddress } from './requests.ts';
import { type Happening, type Scenario, type Trouble } from './scenario.ts';
import { noTrouble, SimulatedProcess, type Surroundings } from './simulated-process.ts';

export interface Simulated {
  /** Sentences that are broken, with the numbers of docs/promises.md. */
  readonly broken: readonly string[];
  /** What took effect, in that order: whose call of what, and the fault that hit it. */
  readonly made: readonly string[];
  /** How often each thing happened. */
  readonly counts: ReadonlyMap<string, number>;
}

/** Runs of the reconciler after which no step may be open: T, at a run a minute. */
const mostRunsToClose = 3;
/** And to put right what the sweep finds, which looks twice. */
const mostRunsToRest = 8;
/** A stream forgets what nobody has read for a day; nobody promises what becomes of that. */
const longestLagMs = 20 * 3_600_000;
const endOfTime = new Date('9999-01-01T00:00:00.000Z');

export async function simulate(scenario: Scenario): Promise<Simulated> {
  const counts = new Map<string, number>();
  const count = (what: string, by = 1) => counts.set(what, (counts.get(what) ?? 0) + by);
  const made: string[] = [];
  const logged: string[] = [];
  const write = process.stdout.write.bind(process.stdout);
  process.stdout.write = (line) => {
    logged.push(String(line));
    return true;
  };
  try {
    const broken = await run(scenario, { count, made, logged });
    return { broken, made, counts };
  } finally {
    process.stdout.write = write;
  }
}

async function run(
  { phases, staleness, stream }: Scenario,
  {
    count,
    made,
    logged,
  }: {
    readonly count: (what: string, by?: number) => void;
    readonly made: string[];
    readonly logged: readonly string[];
  },
): Promise<string[]> {
  const errors: string[] = [];
  const world = await startedService({}, { onTrouble });
  const { clock, settings, mailer, secrets } = world;
  const { lateCallSeconds, staleReadSeconds, functionTimeoutSeconds } = settings.timing;
  const ledger = new Ledger(world);
  const surroundings: Surroundings = {
    clock,
    lateMs: lateCallSeconds * 1000,
    observe: (call) => {
      made.push(call);
      ledger.observe();
    },
    count: (fault) => {
      count('calls');
      if (fault !== 'none') count(`fault ${fault}`);
    },
  };
  const clients = new Clients(world, ledger, surroundings, count);
  const readers = new Readers(world, surroundings, stream);
  mailer.rejected.add(badAddress);
  await firstKeys(world, ledger);
  // Somebody else's secret has the name of an alias.
  secrets.service.createSecret({
    Name: `${settings.secretPrefix}alias-3`,
    SecretString: 'theirs',
    ClientRequestToken: 'f'.repeat(32),
  });
  if (staleness > 0) {
    const choose = seededChoice(staleness);
    secrets.service.staleFor(() => (choose(2) === 0 ? 0 : choose(staleReadSeconds * 1000)));
  }

  for (const { happenings, gapMs } of phases) {
    const all = Promise.all(happenings.map(happen));
    await clock.run();
    await all;
    if (clock.now().getTime() + gapMs - readers.caughtUpAt > longestLagMs) {
      await during(readers.catchUp());
    }
    await clock.pass(gapMs);
    world.table.removeExpired();
    ledger.checkRevoked();
  }

  secrets.service.staleFor(0);
  const rest = await comeToRest();
  await during(readers.catchUp());
  const replayed = [...(await during(readers.replay())), ...(await during(readers.replay()))];
  const repeated = await during(clients.repeatAll());
  await comeToRest();
  await during(readers.catchUp());
  count('records given up', readers.givenUp);
  count('mails sent again', readers.mails.sentAgain);
  return [
    ...errors,
    ...ledger.broken,
    ...rest,
    ...replayed,
    ...repeated,
    ...brokenAtRest(world, logged),
    ...brokenAccounts(world, ledger, readers.mails),
  ];

  async function happen(happening: Happening): Promise<void> {
    count(happening.who);
    await clock.sleep(happening.atMs);
    switch (happening.who) {
      case 'client':
        return clients.perform(happening);
      case 'reconciler':
      case 'rotation': {
        const { twinMs, trouble, who } = happening;
        const twin = async (afterMs: number) => {
          await clock.sleep(afterMs);
          await scheduled(who, { ...noTrouble, pace: trouble.pace });
        };
        await Promise.all([scheduled(who, trouble), ...(twinMs === null ? [] : [twin(twinMs)])]);
        return;
      }
      case 'secrets-manager': {
        const { alias, twinMs, trouble } = happening;
        const name = `${settings.secretPrefix}alias-${alias}`;
        begin(name);
        const twin = async (afterMs: number) => {
          await clock.sleep(afterMs);
          await driven(name, { ...noTrouble, pace: trouble.pace });
        };
        await Promise.all([driven(name, trouble), ...(twinMs === null ? [] : [twin(twinMs)])]);
        return;
      }
      case 'audit-reader':
      case 'mail-reader':
        return readers.deliver(happening);
      case 'poison':
        return readers.addPoison();
    }
  }

  /** Secrets Manager begins no rotation of what is not there, or is being rotated. */
  function begin(name: string): void {
    try {
      world.beginRotation(name);
      count('rotations begun');
    } catch (error) {
      if (!(error instanceof AwsRefusal)) throw error;
    }
  }

  /** The steps of a rotation by Secrets Manager, each a process of its own, up to the first that fails. */
  async function driven(name: string, trouble: Trouble): Promise<void> {
    const hit = new SimulatedProcess('secrets-manager', trouble, surroundings);
    const seen = {
      ...faultyStores(world.processStores, hit),
      now: () => new Date(clock.now().getTime() + trouble.aheadMs),
    };
    for (const event of secrets.service.rotationEvents(name)) {
      const startedAt = clock.now().getTime();
      try {
        await world.takeStep(event, seen);
      } catch (error) {
        noteError(error);
        return;
      } finally {
        const tookMs = clock.now().getTime() - startedAt;
        if (!hit.isDead && tookMs > functionTimeoutSeconds * 1000 - 1000)
          errors.push(`I20: ${event.Step} took ${tookMs} ms`);
      }
      count(`step ${event.Step}`);
    }
  }

  async function scheduled(who: 'reconciler' | 'rotation', trouble: Trouble): Promise<void> {
    const startedAt = clock.now().getTime();
    const hit = new SimulatedProcess(who, trouble, surroundings);
    const seen = {
      ...faultyStores(world.processStores, hit),
      now: () => new Date(clock.now().getTime() + trouble.aheadMs),
    };
    try {
      if (who === 'reconciler') await world.repair(seen);
      else await world.rotate(seen, (ms) => clock.sleep(ms));
    } catch (error) {
      noteError(error);
    }
    if (hit.isDead) return;
    const tookMs = clock.now().getTime() - startedAt;
    if (tookMs > functionTimeoutSeconds * 1000 - 1000)
      errors.push(`I20: a ${who} took ${tookMs} ms`);
  }

  /** Runs the reconciler once a minute, faultless; I11. */
  async function comeToRest(): Promise<string[]> {
    const broken: string[] = [];
    for (let runs = 1; runs <= mostRunsToRest; runs += 1) {
      await clock.pass(settings.timing.reconcilerPeriodSeconds * 1000);
      await world.repair();
      ledger.observe();
      const open = world.table.rows().filter(({ intent }) => intent !== null);
      if (runs === mostRunsToClose && open.length > 0) {
        broken.push(...open.map(({ keyId }) => `T: a step of ${keyId} is open after ${runs} runs`));
      }
      if ((await world.due.findDue(endOfTime, 1)).length === 0) {
        count(`at rest after ${runs} runs`);
        break;
      }
    }
    return broken;
  }

  /** Lets time pass while something is under way. */
  async function during<T>(work: Promise<T>): Promise<T> {
    await clock.run();
    return work;
  }

  function onTrouble(keyId: string, trouble: unknown, more?: { readonly error?: unknown }): void {
    if (typeof trouble === 'string') count(`trouble ${trouble}`);
    if (trouble === 'missing') errors.push(`I11: the secret of ${keyId} is missed`);
    noteError(more?.error ?? trouble);
  }

  function noteError(error: unknown): void {
    if (!(error instanceof Error) || error instanceof Died || error instanceof DomainError) return;
    errors.push(`a scheduled function failed: ${String(error)}`);
  }
}

/** An admin's key, a user's, and two that are worked on, all known to the clients. */
async function firstKeys(world: World, ledger: Ledger): Promise<void> {
  const bodies = [
    { user_role: 'proxy_admin', user_id: 'admin' },
    { user_id: goodAddress },
    { key_alias: 'alias-0', user_email: goodAddress, auto_rotate: true, rotation_interval: '1d' },
    { user_id: goodAddress },
  ];
  for (const body of bodies) {
    const { body: told } = await world.generate(body);
    if (!isLetIn(world, told.key)) throw new Error('A first key is not let in');
    ledger.known.push({ keyId: told.key_id, values: [told.key] });
  }
}
