/**
 * The service under mixed traffic for a long time, in one process: the real handlers, both readers of
 * the stream, the reconciler and the rotation, over strict fakes whose clock goes faster than ours. In
 * rounds: traffic, then all keys are deleted and time passes until nothing is kept any more, and what
 * the process still holds is measured. Whatever grows from round to round is a leak.
 */
import { auditKeyChange } from '../../lambdas/audit-key-change/handler.ts';
import { emailKeyChange } from '../../lambdas/email-key-change/handler.ts';
import { rowStreamHandler } from '../../lambdas/shared/adapters/row-stream.ts';
import { Unavailable } from '../../lambdas/shared/domain/errors.ts';
import { masterKeyId } from '../../lambdas/shared/domain/key-format.ts';
import { seededChoice } from '../fakes/seeded-choice.ts';
import { startedService } from '../fakes/service.ts';
import { StreamPoller } from '../fakes/stream-poller.ts';
import { processNow, type Sample } from './sample.ts';
import { Traffic } from './traffic.ts';
import { troubledStores } from './troubled-stores.ts';

export interface SoakPlan {
  readonly seed: number;
  /** Operations of a round. */
  readonly operations: number;
  /** Rounds before the first measurement. */
  readonly warmUpRounds: number;
  /** Whether to go on after a measurement. */
  readonly goesOn: (samples: readonly Sample[]) => boolean;
}

export interface Soaked {
  /** Of each round after the warm-up, the last round of which is the first. */
  readonly samples: readonly Sample[];
  /** Answers by request and status. */
  readonly answers: ReadonlyMap<string, number>;
  /** Steps that were left open and that the reconciler closed. */
  readonly repaired: number;
  /** Keys that undisturbed runs of the reconciler told a person about. */
  readonly troubles: number;
  /** Records of the stream that no reader took. */
  readonly givenUp: number;
}

const minuteMs = 60_000;
const hourMs = 60 * minuteMs;
/** Longer than anything is kept: deletion window, retention, stream, idempotency records. */
const quietDays = 9;
/** A reader whose answers get lost, and which gets batches twice. */
const harsh = { batchSize: 25, duplicatePercent: 5, lostPercent: 5 };

/** Runs a soak. Nothing that a handler logs is printed meanwhile. */
export async function soak(plan: SoakPlan): Promise<Soaked> {
  const write = process.stdout.write.bind(process.stdout);
  process.stdout.write = () => true;
  try {
    return await run(plan);
  } finally {
    process.stdout.write = write;
  }
}

async function run({ seed, operations, warmUpRounds, goesOn }: SoakPlan): Promise<Soaked> {
  const choose = seededChoice(seed);
  const world = await startedService({ retentionDays: 1 });
  const { clock, table, trail, notices, mailer, secrets, claimLinks, settings, now } = world;
  const troubled = troubledStores(
    world.processStores,
    clock,
    settings.timing.lateCallSeconds * 1000,
    choose,
  );
  const troubledSend = world.startProcess(troubled);
  /** One of ten processes has trouble; all stay warm. */
  const hasTrouble = () => choose(10) === 0;
  const stores = () => (hasTrouble() ? troubled : world.processStores);
  const readers = [
    rowStreamHandler(
      'audit-key-change',
      auditKeyChange(() => trail),
    ),
    rowStreamHandler(
      'email-key-change',
      emailKeyChange(() => ({ notices, mailer, claimLinks, settings, now })),
    ),
  ].map((reader) => new StreamPoller(table.changes, reader, { ...harsh, now, choose }));
  const traffic = new Traffic(choose);
  const startedAt = performance.now();
  const samples: Sample[] = [];
  let done = 0;
  let [repaired, troubles] = [0, 0];

  for (let round = 1; round <= warmUpRounds || goesOn(samples); round += 1) {
    await busy();
    await rest();
    // In each round, for some of what is not used any more goes only after several collections.
    const measured = await sample();
    if (round >= warmUpRounds) samples.push(measured);
  }
  return {
    samples,
    answers: traffic.answers,
    repaired,
    troubles,
    givenUp: readers.reduce((sum, { failures, trimmed }) => sum + failures.length + trimmed, 0),
  };

  async function busy(): Promise<void> {
    let [repairAt, rotateAt, tidyAt] = [0, 0, 0];
    for (let operation = 0; operation < operations; operation += 1) {
      await traffic.next(hasTrouble() ? troubledSend : world.send);
      done += 1;
      if (choose(200) === 0) mailer.next({ kind: 'unanswered' }, 'lost-answer');
      await clock.pass(choose(minuteMs));
      for (const reader of readers) await reader.step();
      const time = now().getTime();
      if (time >= repairAt) {
        await repair(stores()).catch(unlessUnavailable);
        repairAt = time + minuteMs;
      }
      if (time >= rotateAt) {
        await world.rotate(stores()).catch(unlessUnavailable);
        rotateAt = time + hourMs;
      }
      if (time >= tidyAt) {
        tidy();
        tidyAt = time + 6 * hourMs;
      }
    }
  }

  /** All keys are deleted and all that is open is closed; then time passes until nothing is kept. */
  async function rest(): Promise<void> {
    const live = table
      .rows()
      .filter(({ status, keyId }) => status === 'active' && keyId !== masterKeyId);
    for (const { keyId } of live) {
      const { status } = await world.asAdmin({ path: '/key/delete', body: { keys: [keyId] } });
      if (status !== 200) throw new Error(`A delete at rest answered ${status}`);
    }
    for (let pass = 0; pass < 6; pass += 1) {
      await clock.pass(2 * minuteMs);
      await repair();
    }
    for (let day = 0; day < quietDays; day += 1) {
      await drain();
      await clock.pass(24 * hourMs);
      await repair();
    }
    // What the table removes by itself is on the stream for a day, too.
    tidy();
    await drain();
    await clock.pass(25 * hourMs);
    tidy();
  }

  async function repair(seen = world.processStores): Promise<void> {
    const counts = await world.repair(seen);
    repaired += counts.Settled + counts.Undone + counts.SecretsRemoved + counts.SecretsRestored;
    if (seen !== world.processStores) return;
    troubles += counts.Failed + counts.StuckIntents + counts.SecretsMissing + counts.AuditGap;
  }

  /** A notice that its sender has lost is free again after some seconds. */
  async function drain(): Promise<void> {
    for (let isBusy = true; isBusy; ) {
      isBusy = false;
      for (const reader of readers) isBusy = (await reader.step()) || isBusy;
      await clock.pass(7000);
    }
  }

  /**
   * What the stores drop by themselves some day, and what only a test's stores keep: mails that were
   * sent, the trail of keys that are gone (the audit table is for ever), a copy of the stream.
   */
  function tidy(): void {
    table.removeExpired();
    table.trimStream();
    secrets.service.removeExpired();
    table.stream.length = 0;
    mailer.inbox.length = 0;
    for (const [pk, { state }] of notices.items) if (state !== 'sending') notices.items.delete(pk);
    for (const [id, { key_id }] of trail.records) {
      if (table.row(key_id) === null) trail.records.delete(id);
    }
  }

  function openIntents(): number {
    return table.rows().filter(({ intent }) => intent !== null).length;
  }

  async function sample(): Promise<Sample> {
    const sizes = [table.items, table.records, table.changes, trail.records, notices.items];
    return {
      operations: done,
      seconds: (performance.now() - startedAt) / 1000,
      openIntents: openIntents(),
      items:
        sizes.reduce((sum, each) => sum + ('size' in each ? each.size : each.length), 0) +
        secrets.service.names().length,
      ...(await processNow()),
    };
  }
}

/** A scheduled run that a store failed is begun anew a minute later, as on AWS. */
function unlessUnavailable(error: unknown): void {
  if (!(error instanceof Unavailable)) throw error;
}
