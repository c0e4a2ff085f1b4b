/** The stream's two readers under faults. */
import type { DynamoDBRecord } from 'aws-lambda';
import { auditKeyChange } from '../../lambdas/audit-key-change/handler.ts';
import { emailKeyChange } from '../../lambdas/email-key-change/handler.ts';
import { rowStreamHandler } from '../../lambdas/shared/adapters/row-stream.ts';
import { lambdaContext } from '../fakes/gateway-event.ts';
import type { ItemChange } from '../fakes/memory-items.ts';
import { seededChoice } from '../fakes/seeded-choice.ts';
import { type StreamHandler, StreamPoller } from '../fakes/stream-poller.ts';
import { Died } from '../faults/fault-port.ts';
import type { World } from '../faults/invariants.ts';
import { MailAccount } from './mail-account.ts';
import { faultyTrail } from './reader-stores.ts';
import type { Trouble } from './scenario.ts';
import { noTrouble, SimulatedProcess, type Surroundings } from './simulated-process.ts';

const poison = 'KEY#poison';
const harsh = { shards: 2, batchSize: 5, duplicatePercent: 10, lostPercent: 5, retries: 8 };

export interface Burst {
  readonly who: 'audit-reader' | 'mail-reader';
  readonly batches: number;
  /** Whether it is another copy, which begins at the oldest record. */
  readonly isFromStart: boolean;
  readonly trouble: Trouble;
}

/** One mapping and its function. */
class Reader {
  readonly poller: StreamPoller;
  readonly handler: StreamHandler;
  process: SimulatedProcess | null = null;

  constructor(
    stream: readonly ItemChange[],
    read: (process: SimulatedProcess) => StreamHandler,
    options: { readonly now: () => Date; readonly choose: (bound: number) => number },
    surroundings: Surroundings,
  ) {
    this.handler = async (event) => {
      const process = this.process ?? new SimulatedProcess('catching up', noTrouble, surroundings);
      process.revive();
      const answer = await read(process)(event);
      if (process.isDead) throw new Died();
      return answer;
    };
    this.poller = new StreamPoller(stream, this.handler, { ...harsh, ...options });
  }
}

export class Readers {
  readonly #world: World;
  readonly #surroundings: Surroundings;
  /** The table's stream, and what else is in it. */
  readonly #stream: ItemChange[] = [];
  readonly #choose: (bound: number) => number;
  readonly #own: Readonly<Record<Burst['who'], Reader>>;
  readonly #all: Reader[] = [];
  readonly mails: MailAccount;
  /** When the readers were last where the stream is, at the latest. */
  caughtUpAt: number;
  #copied = 0;

  constructor(world: World, surroundings: Surroundings, seed: number) {
    this.#world = world;
    this.#surroundings = surroundings;
    this.#choose = seededChoice(seed);
    this.caughtUpAt = world.now().getTime();
    this.mails = new MailAccount(world);
    this.#own = {
      'audit-reader': this.#start('audit-reader'),
      'mail-reader': this.#start('mail-reader'),
    };
  }

  /** Delivers some batches, one after the other. */
  async deliver({ who, batches, isFromStart, trouble }: Burst): Promise<void> {
    const reader = isFromStart ? this.#start(who) : this.#own[who];
    // A mapping invokes its function once at a time.
    if (reader.process !== null) return;
    reader.process = new SimulatedProcess(who, trouble, this.#surroundings);
    for (let left = batches; left > 0; left -= 1) {
      this.#copyStream();
      await reader.poller.step();
      await this.#world.clock.sleep(200);
    }
    reader.process = null;
  }

  addPoison(): void {
    this.#copyStream();
    const after = { pk: poison, v: 99 };
    this.#append({ at: this.#world.now(), pk: poison, before: null, after, isExpiry: false });
  }

  /** Delivers all that there is, without faults. */
  async catchUp(): Promise<void> {
    this.#copyStream();
    this.caughtUpAt = this.#world.now().getTime();
    await Promise.all(this.#all.map((reader) => this.#drain(reader)));
  }

  /** Gives the readers again what they have given up, and returns what is broken. */
  async replay(): Promise<string[]> {
    const broken: string[] = [];
    for (const { poller, handler } of this.#all) {
      for (const record of poller.failures) {
        const answer = await handler({ Records: [record] });
        const hasFailed = (answer?.batchItemFailures ?? []).length > 0;
        if (hasFailed === isPoison(record)) continue;
        broken.push(`I2: a record that was given up ${hasFailed ? 'fails' : 'passes'} in a replay`);
      }
      // A notice that a dead sender has taken is free again by then.
      await this.#world.clock.sleep(60_000);
    }
    return broken;
  }

  /** Records that were given up. */
  get givenUp(): number {
    return this.#all.reduce((sum, { poller }) => sum + poller.failures.length, 0);
  }

  async #drain({ poller }: Reader): Promise<void> {
    // Time goes on, so that a notice in flight is free again some day.
    while (await poller.step()) await this.#world.clock.sleep(7000);
  }

  #start(who: Burst['who']): Reader {
    const { trail, claimLinks, settings, now } = this.#world;
    const read = (process: SimulatedProcess): StreamHandler => {
      const handle =
        who === 'audit-reader'
          ? rowStreamHandler(
              'audit-key-change',
              auditKeyChange(() => faultyTrail(trail, process)),
            )
          : rowStreamHandler(
              'email-key-change',
              emailKeyChange(() => ({ ...this.mails.over(process), claimLinks, settings, now })),
            );
      return (event) => handle(event, lambdaContext);
    };
    const options = { now, choose: this.#choose };
    const reader = new Reader(this.#stream, read, options, this.#surroundings);
    this.#all.push(reader);
    return reader;
  }

  #copyStream(): void {
    const { changes } = this.#world.table;
    for (const change of changes.slice(this.#copied)) this.#append(change);
    this.#copied = changes.length;
  }

  /** Numbers grow along the stream, at 21 digits. */
  #append(change: Omit<ItemChange, 'sequenceNumber'>): void {
    const sequenceNumber = `1${String(this.#stream.length).padStart(20, '0')}`;
    this.#stream.push({ ...change, sequenceNumber });
  }
}

const isPoison = ({ dynamodb }: DynamoDBRecord): boolean => dynamodb?.Keys?.['pk']?.S === poison;
