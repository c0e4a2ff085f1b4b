/** Clients that send, wait, and send again, through functions that may die of it. */
import { tokenHash } from '../../lambdas/shared/domain/key-format.ts';
import type { KeyRow } from '../../lambdas/shared/domain/key-row.ts';
import { masterKey, type ProcessStores, type Received } from '../fakes/service.ts';
import { type CallPort, faultyStores } from '../faults/faulty-stores.ts';
import { isLetIn, type World } from '../faults/invariants.ts';
import type { Attempt, Ledger } from './ledger.ts';
import { requestFor } from './requests.ts';
import type { ClientWork, Trouble } from './scenario.ts';
import { noTrouble, SimulatedProcess, type Surroundings } from './simulated-process.ts';

/** A function's process: it answers one request at a time, and keeps its memory from one to the next. */
interface Container {
  readonly port: { process: CallPort };
  readonly aheadMs: number;
  readonly send: ReturnType<World['startProcess']>;
}

/** After that a client takes no answer for none. */
const patienceMs = 25_000;
/** A client waits no longer than this to try again. */
const longestWaitSeconds = 90;
/** As long as repeats are promised, less what an attempt may take. */
const recordMs = 23 * 3_600_000;
const refusals = [400, 401, 403, 404, 409, 410, 429];

export class Clients {
  readonly #world: World;
  readonly #ledger: Ledger;
  readonly #surroundings: Surroundings;
  readonly #count: (what: string) => void;
  #idle: Container[] = [];
  #sent = 0;

  constructor(
    world: World,
    ledger: Ledger,
    surroundings: Surroundings,
    count: (what: string) => void,
  ) {
    this.#world = world;
    this.#ledger = ledger;
    this.#surroundings = surroundings;
    this.#count = count;
  }

  /** Does what a client wants to do, and its twin, to the end. */
  async perform(work: ClientWork): Promise<void> {
    this.#count(`caller ${work.caller}`);
    const attempt = this.#attemptOf(work);
    const twin = async (afterMs: number) => {
      await this.#world.clock.sleep(afterMs);
      await this.#persist(attempt, { ...noTrouble, pace: work.trouble.pace });
    };
    await Promise.all([
      this.#persist(attempt, work.trouble),
      ...(work.twinMs === null ? [] : [twin(work.twinMs)]),
    ]);
    if (work.againMs === null) return;
    await this.#world.clock.sleep(work.againMs);
    await this.#try(attempt, noTrouble);
  }

  /** I12: a repeat within a day tells what the first answer told, or that this is no more. */
  async repeatAll(): Promise<string[]> {
    const broken: string[] = [];
    for (const attempt of this.#ledger.attempts) {
      const first = attempt.tries.find(({ answer }) => answer?.status === 200)?.answer?.body;
      const isOld = this.#world.now().getTime() - attempt.startedAt > recordMs;
      const isTold = ['generate', 'regenerate'].includes(attempt.work.action.do);
      if (!attempt.work.isIdempotent || !isTold || first === undefined || isOld) continue;
      if (!isLetIn(this.#world, credentialOf(attempt))) continue;
      const answer = await this.#try(attempt, noTrouble);
      const expected = repeatOf(this.#world.table.row(first.key_id), first.key);
      if (answer?.status !== expected || (expected === 200 && answer.body.key !== first.key)) {
        broken.push(`I12: a repeat was answered ${answer?.status}, not ${expected}`);
      }
    }
    return broken;
  }

  #attemptOf(work: ClientWork): Attempt {
    const { known, attempts } = this.#ledger;
    const mark = `attempt-${attempts.length}`;
    const { sent, targets } = requestFor(work.action, known, mark);
    const attempt: Attempt = {
      work,
      sent: {
        ...sent,
        headers: {
          authorization: `Bearer ${this.#credentialFor(work, targets[0]?.keyId)}`,
          ...(work.isIdempotent && sent.method === undefined ? { 'idempotency-key': mark } : {}),
        },
      },
      targets,
      former: new Map(targets.map(({ keyId }) => [keyId, [...this.#ledger.valuesOf(keyId)]])),
      startedAt: this.#world.now().getTime(),
      tries: [],
    };
    attempts.push(attempt);
    return attempt;
  }

  #credentialFor({ caller }: ClientWork, targetId: string | undefined): string {
    const { known } = this.#ledger;
    const by = { master: null, admin: known[0]?.keyId, user: known[1]?.keyId, itself: targetId };
    const keyId = by[caller];
    return (keyId == null ? undefined : this.#ledger.valuesOf(keyId).at(-1)) ?? masterKey;
  }

  async #persist(attempt: Attempt, trouble: Trouble): Promise<void> {
    for (let left = attempt.work.retries; ; left -= 1) {
      const answer = await this.#try(attempt, left === attempt.work.retries ? trouble : noTrouble);
      const waitSeconds = answer === null ? 1 : Number(answer.headers['retry-after'] ?? Infinity);
      if (left === 0 || waitSeconds > longestWaitSeconds) return;
      await this.#world.clock.sleep(waitSeconds * 1000);
    }
  }

  async #try(attempt: Attempt, trouble: Trouble): Promise<Received | null> {
    const { clock, settings } = this.#world;
    const { sent, work, tries } = attempt;
    this.#sent += 1;
    const requestId = `try-${this.#sent}`;
    const container = this.#idle.pop() ?? this.#start(trouble.aheadMs);
    const process = new SimulatedProcess(
      `${requestId}, ${work.action.do}`,
      trouble,
      this.#surroundings,
    );
    container.port.process = process;
    this.#ledger.noteSent(attempt);
    const caller = this.#ledger.watch(credentialOf(attempt), container.aheadMs);
    const asked = this.#ledger.watch(String(attempt.targets[0]?.name), container.aheadMs);
    const startedAt = clock.now().getTime();
    const answer = await container.send({ ...sent, requestId });
    this.#ledger.unwatch(caller);
    this.#ledger.unwatch(asked);
    if (process.isDead) {
      this.#count(`answer ${work.action.do} no answer`);
      await clock.sleep(startedAt + patienceMs - clock.now().getTime());
      tries.push({ requestId, answer: null });
      return null;
    }
    this.#idle.push(container);
    this.#count(`answer ${work.action.do} ${answer.status}`);
    tries.push({ requestId, answer });
    // A key that asks about itself is told what it is, good or not.
    const isOfItself = work.action.do === 'verify' && caller.value === asked.value;
    const broken = [
      ...brokenAnswer(answer),
      ...(isOfItself ? [] : brokenCaller(answer, caller.seen)),
    ];
    const tookMs = clock.now().getTime() - startedAt;
    if (tookMs > settings.timing.functionTimeoutSeconds * 1000 - 1000) {
      broken.push(`I20: took ${tookMs} ms`);
    }
    if (process.isChanging) broken.push('it answered with a change under way');
    if (answer.status === 200) {
      if (work.action.do === 'verify' && !asked.seen.has(answer.body.valid)) {
        broken.push(`I7: a check said ${answer.body.reason}`);
      }
      this.#ledger.noteDone(attempt, answer);
    }
    this.#ledger.broken.push(...broken.map((what) => `${requestId}, ${work.action.do}: ${what}`));
    return answer;
  }

  #start(aheadMs: number): Container {
    const { processStores, now, startProcess } = this.#world;
    const port: { process: CallPort } = {
      process: new SimulatedProcess('nobody', noTrouble, this.#surroundings),
    };
    const stores: ProcessStores = {
      ...faultyStores(processStores, { call: (...given) => port.process.call(...given) }),
      now: () => new Date(now().getTime() + aheadMs),
    };
    return { port, aheadMs, send: startProcess(stores) };
  }
}

const credentialOf = ({ sent }: Attempt): string =>
  String(sent.headers?.['authorization']).replace('Bearer ', '');

function repeatOf(row: KeyRow | null, value: string): number {
  if (row?.status !== 'active') return 410;
  return row.cur.hash === tokenHash(value) && row.secretName !== null ? 200 : 409;
}

/** I18: a refusal, or a 503 that says when to come back. */
function brokenAnswer({ status, headers, body }: Received): string[] {
  if (status === 200 || refusals.includes(status)) return [];
  if (status !== 503) return [`I18: answered ${status} ${JSON.stringify(body)}`];
  return headers['retry-after'] === undefined ? ['I18: a 503 without Retry-After'] : [];
}

/** I7, I9, I16: what a caller is told of itself was true at some time while it was asked. */
function brokenCaller({ status, body }: Received, seen: ReadonlySet<boolean>): string[] {
  // The other 401 of LiteLLM is for routes that are not for the caller's role.
  const isAuthenticated = status !== 401 || !body.error.message.startsWith('Authentication failed');
  if (!isAuthenticated && !seen.has(false)) {
    return ['its caller was refused all the time that it was let in'];
  }
  return status === 200 && !seen.has(true) ? ['I16: it was done for a caller that is refused'] : [];
}
