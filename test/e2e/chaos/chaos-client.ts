/** One of the clients: it makes keys and changes them, one operation after the other. */
import { masterKey, type Received, type Sent } from '../api-client.ts';
import { type Facts, HeldKey } from './held-key.ts';
import type { Storm } from './storm.ts';
import { sendStubbornly, type Tally } from './stubborn-client.ts';

type Draw = (bound: number) => number;

/** What all clients of a run have in common. */
export interface World {
  /** In every alias and address, and the team of every key. */
  readonly tag: string;
  readonly tally: Tally;
  readonly storm: Storm;
  readonly keys: HeldKey[];
  /** Answers with a value that a repeat must tell again. */
  readonly repeatable: Repeatable[];
  /** What an answer showed and must not have. */
  readonly violations: string[];
}

export interface Repeatable {
  readonly sent: Sent;
  readonly key: HeldKey;
  readonly value: string;
}

/** Each as often among the others as its number says. */
const shares = {
  generate: 20,
  update: 12,
  rename: 8,
  block: 5,
  unblock: 7,
  regenerate: 16,
  move: 6,
  delete: 6,
  verify: 8,
  info: 4,
  list: 3,
  bulkUpdate: 4,
  resetSpend: 4,
} as const;
type Name = keyof typeof shares;
const names = Object.keys(shares).filter((name): name is Name => name in shares);
const lots = names.flatMap((name) => Array.from({ length: shares[name] }, () => name));

/** A client, to be asked for one operation after the other, each tried until its answer is final. */
export function chaosClient(client: string, draw: Draw, world: World): () => Promise<void> {
  const { tag, tally, storm, keys, repeatable, violations } = world;
  const own: HeldKey[] = [];
  let numbered = 0;
  const next = () => {
    numbered += 1;
    return `${client}-${numbered}`;
  };
  const isOneIn = (bound: number) => draw(bound) === 0;
  const oneOf = <T>(from: readonly T[]): T | undefined => from[draw(from.length)];
  /** Now and then one of a few names that all want. */
  const alias = () => `chaos/${tag}/${isOneIn(5) ? `wanted-${draw(6)}` : next()}`;
  /** Mostly of its own, for of those it knows what must be; a deleted one is rarely asked for. */
  const someKey = () => {
    const from = isOneIn(4) ? keys.filter(({ isShared }) => isShared) : own;
    const live = from.filter(({ facts }) => !facts.deleted);
    return oneOf(isOneIn(20) ? from : live);
  };

  const authorization = `Bearer ${masterKey}`;
  const look = async (path: string): Promise<Received> =>
    (await sendStubbornly({ path, headers: { authorization } }, tally)).answer;

  /** Sends a change, as often with an `Idempotency-Key` as without, and maybe into a fault. */
  const post = async (path: string, body: object, about: string) => {
    const once = isOneIn(2) ? `${tag}-${next()}` : null;
    const headers = { authorization, ...(once === null ? {} : { 'idempotency-key': once }) };
    const sent: Sent = { method: 'POST', path, headers, body };
    if (isOneIn(2)) await storm.brew(about);
    const outcome = await sendStubbornly(sent, tally);
    const repeat = (key: HeldKey, value: string) => {
      if (once !== null) repeatable.push({ sent, key, value });
    };
    return { ...outcome, isOnce: once !== null, repeat };
  };

  const change = async (key: HeldKey, path: string, body: object, facts: Partial<Facts>) => {
    const { answer, isDoubtful, isOnce, repeat } = await post(path, body, key.id);
    // An attempt before may have given it a value that is the former one by now.
    if (isDoubtful && !(isOnce && answer.status === 200)) key.doubt(facts);
    if (answer.status !== 200) return;
    if (facts.value === undefined) return key.learn(facts);
    const value = String(answer.body.key);
    key.learn({ ...facts, value });
    // For a moment; nobody knows how long the answer was on its way.
    if (answer.body.overlap_until !== null && facts.former === null) key.doubt({ former: null });
    repeat(key, value);
  };

  async function generate(): Promise<void> {
    const name = isOneIn(3) ? null : alias();
    const address = `${isOneIn(2) ? 'invited' : 'quiet'}-${tag}-${next()}@example.com`;
    const body = {
      team_id: tag,
      ...(name === null ? {} : { key_alias: name }),
      ...(isOneIn(3)
        ? {}
        : { user_email: address, send_invite_email: address.startsWith('invited') }),
    };
    const { answer, repeat } = await post('/key/generate', body, name ?? 'virtual-key-');
    if (answer.status !== 200) return;
    const { key: value, key_id: id } = answer.body;
    const key = new HeldKey(String(id), String(value), name, isOneIn(5));
    keys.push(key);
    if (!key.isShared) own.push(key);
    repeat(key, key.facts.value);
  }

  const operations: Record<Exclude<Name, 'generate'>, (key: HeldKey) => Promise<void>> = {
    update: (key) => {
      const limit = 1 + draw(1_000_000);
      return change(key, '/key/update', { key: key.id, tpm_limit: limit }, { limit });
    },
    rename: (key) => {
      const name = alias();
      return change(key, '/key/update', { key: key.id, key_alias: name }, { alias: name });
    },
    block: (key) => change(key, '/key/block', { key: key.id }, { blocked: true }),
    unblock: (key) => change(key, '/key/unblock', { key: key.id }, { blocked: false }),
    regenerate: (key) => {
      const grace = oneOf(['1h', '1s', null]);
      const facts = { value: '', former: grace === '1h' ? key.facts.value : null };
      const body = { key: key.id, ...(grace === null ? {} : { grace_period: grace }) };
      return change(key, '/key/regenerate', body, facts);
    },
    move: (key) => {
      const name = alias();
      const facts = { value: '', former: null, alias: name };
      return change(key, '/key/regenerate', { key: key.id, key_alias: name }, facts);
    },
    delete: (key) => change(key, '/key/delete', { keys: [key.id] }, { deleted: true }),
    async verify(key) {
      const value = oneOf(key.told) ?? '';
      const isLetIn = key.lets(value);
      const { answer } = await post('/key/verify', { key: value }, key.id);
      if (answer.status !== 200 || isLetIn === undefined || answer.body.valid === isLetIn) return;
      const what = `${value === key.facts.value ? 'current' : 'former'} value of ${key.id}`;
      const until = String(answer.body.key?.overlap_until ?? answer.body.overlap_until ?? 'none');
      violations.push(
        `verify: the ${what} is ${answer.body.reason}, until ${until}, at ${new Date().toISOString()}`,
      );
    },
    async info(key) {
      const { status } = await look(`/key/info?key=${key.id}`);
      if (key.knows('deleted') && !key.facts.deleted && status !== 200 && status !== 503) {
        violations.push(`info: ${status} of ${key.id}`);
      }
    },
    async list() {
      await look(`/key/list?team_id=${tag}&size=10`);
    },
    async bulkUpdate(key) {
      const budget = 1 + draw(1000);
      const other = someKey() ?? key;
      const all = [...new Set([key, other])];
      const body = { keys: all.map(({ id }) => ({ key: id, max_budget: budget })) };
      const { answer, isDoubtful } = await post('/key/bulk_update', body, key.id);
      const done: unknown[] = (answer.body?.successful_updates ?? []).map(
        (each: { key: unknown }) => each.key,
      );
      for (const each of all) {
        if (answer.status === 200 && done.includes(each.id)) each.learn({ budget });
        else if (answer.status === 200 || isDoubtful) each.doubt({ budget });
      }
    },
    resetSpend: (key) => change(key, `/key/${key.id}/reset_spend`, { reset_to: 0 }, {}),
  };

  return async () => {
    const name = oneOf(lots) ?? 'generate';
    const key = name === 'generate' ? undefined : someKey();
    await (name === 'generate' || key === undefined ? generate() : operations[name](key));
  };
}
