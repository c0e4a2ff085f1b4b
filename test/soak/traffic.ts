/** Mixed traffic of a service: every operation, by the admin and by owners, right and wrong. */
import { masterKey, type Received, type Sent } from '../fakes/service.ts';

interface KnownKey {
  readonly id: string;
  readonly value: string;
}

/** A request, and what its answer teaches about the keys that there are. */
interface Ask {
  readonly sent: Sent;
  readonly learn?: (body: Received['body']) => void;
  /** The key it is about, which is forgotten where it turns out not to be there any more. */
  readonly about?: KnownKey | undefined;
}

/** Few, so that keys meet at them; all of them are used soon. */
const aliases = Array.from({ length: 8 }, (_, index) => `alias-${index}`);
const users = ['ada', 'bob', 'eve'];
const mostKeys = 40;

const asking = (key: string) => ({ authorization: `Bearer ${key}` });

/** Draws requests one after the other. `choose` draws a number from 0 to below its argument. */
export class Traffic {
  readonly #choose: (bound: number) => number;
  readonly #known: KnownKey[] = [];
  /** The last changes that had an Idempotency-Key, to be sent again. */
  readonly #repeatable: Ask[] = [];
  /** Answers by request and status. */
  readonly answers = new Map<string, number>();
  #drawn = 0;

  constructor(choose: (bound: number) => number) {
    this.#choose = choose;
  }

  /** Sends one request. */
  async next(send: (sent: Sent) => Promise<Received>): Promise<void> {
    this.#drawn += 1;
    const [name, draw] = this.#oneOf(this.#kinds) ?? ['nothing', () => this.#generate({})];
    const ask = draw();
    const { status, body } = await send(ask.sent);
    const answer = `${name} ${status}`;
    this.answers.set(answer, (this.answers.get(answer) ?? 0) + 1);
    if (status === 200) ask.learn?.(body);
    if (ask.about !== undefined && status === 404) this.#forget(ask.about.id);
  }

  readonly #kinds: readonly (readonly [string, () => Ask])[] = Object.entries<() => Ask>({
    'generate with an alias': () => this.#generate({ key_alias: this.#oneOf(aliases) }),
    'generate with a mail': () =>
      this.#generate({ user_email: 'ada@example.com', send_invite_email: true }),
    'generate for a user': () =>
      this.#generate({
        user_id: this.#oneOf(users),
        user_role: 'internal_user',
        models: ['gpt-4o'],
      }),
    'generate without secret': () => this.#generate({ store_secret: false }),
    'generate for two hours': () =>
      this.#generate({ duration: '2h', budget_duration: '1d', max_budget: 5 }),
    'generate that rotates': () =>
      this.#generate({ auto_rotate: true, rotation_interval: '6h', user_email: 'bob@example.com' }),
    'generate of a chosen value': () =>
      this.#generate({ key: `sk-chosen-for-the-soak-${this.#drawn}` }),
    'generate for a service': () =>
      this.#change('/key/service-account/generate', {
        team_id: 'red',
        metadata: { service_account_id: 'ci' },
      }),
    'generate for oneself': () => {
      const by = this.#aKey();
      return { sent: { path: '/key/generate', headers: asking(by.value), body: {} }, about: by };
    },
    update: () => this.#changeOf('/key/update', { max_budget: this.#choose(100), tags: ['soak'] }),
    rename: () => this.#changeOf('/key/update', { key_alias: this.#oneOf(aliases) }),
    block: () => this.#changeOf('/key/block', {}),
    unblock: () => this.#changeOf('/key/unblock', {}),
    regenerate: () => this.#regenerate(masterKey, {}),
    'regenerate with grace': () => this.#regenerate(masterKey, { grace_period: '1h' }),
    'regenerate to another name': () =>
      this.#regenerate(masterKey, { key_alias: this.#oneOf(aliases) }),
    'regenerate oneself': () => this.#regenerate(null, {}),
    'reset spend': () => {
      const about = this.#aKey();
      return { ...this.#change(`/key/${about.id}/reset_spend`, { reset_to: 0 }), about };
    },
    'bulk update': () =>
      this.#change('/key/bulk_update', {
        keys: [this.#aKey(), this.#aKey()].map(({ id }) => ({ key: id, max_budget: 7 })),
      }),
    delete: () => this.#delete(),
    repeat: () => this.#oneOf(this.#repeatable) ?? this.#generate({}),
    verify: () => {
      const about = this.#aKey();
      const body = { key: about.value, model: 'gpt-4o' };
      return { sent: { path: '/key/verify', headers: asking(masterKey), body }, about };
    },
    'verify oneself': () => {
      const { value } = this.#aKey();
      return { sent: { path: '/key/verify', headers: asking(value), body: { key: value } } };
    },
    health: () => ({ sent: { path: '/key/health', headers: asking(this.#aKey().value) } }),
    info: () => this.#look(`/key/info?key=${this.#aKey().id}`),
    'info of many': () => ({
      sent: {
        path: '/v2/key/info',
        headers: asking(masterKey),
        body: { keys: [this.#aKey().value, this.#aKey().value] },
      },
    }),
    'list of keys': () => this.#look('/key/list?size=10&return_full_object=true'),
    'list of deleted keys': () => this.#look('/key/list?status=deleted&size=10'),
    'list of aliases': () => this.#look('/key/aliases?size=10'),
    audit: () => this.#look(`/audit?page_size=10&key=${this.#aKey().id}`),
    'audit record': () => this.#look(`/audit/${this.#aKey().id}_1`),
    liveness: () => this.#look('/health/liveliness'),
    'unknown route': () => this.#look('/key/nothing'),
    'unknown key': () => ({
      sent: { path: '/key/generate', headers: asking('sk-nobody-has-this-key'), body: {} },
    }),
    'malformed key': () => ({
      sent: { path: '/key/generate', headers: asking('sk-lk_malformed'), body: {} },
    }),
    'unknown target': () => this.#change('/key/block', { key: 'sk-nobody-has-this-key' }),
    'bad input': () => this.#change('/key/generate', { max_budget: 'a lot', duration: 'soon' }),
    'no JSON': () => ({
      sent: { path: '/key/generate', headers: asking(masterKey), body: '{"key_alias": ' },
    }),
  });

  #generate(fields: object): Ask {
    if (this.#known.length >= mostKeys) return this.#delete();
    const ask = this.#change('/key/generate', fields);
    return { ...ask, learn: ({ key, key_id }) => this.#learn(key_id, key) };
  }

  /** By the admin, or by the key itself. */
  #regenerate(by: string | null, more: object): Ask {
    const about = this.#aKey();
    const ask = this.#change('/key/regenerate', { key: about.id, ...more }, by ?? about.value);
    return { ...ask, about, learn: ({ key_id, key }) => this.#learn(key_id, key) };
  }

  #delete(): Ask {
    const about = this.#aKey();
    const learn = () => this.#forget(about.id);
    return { ...this.#change('/key/delete', { keys: [about.id] }), about, learn };
  }

  #changeOf(path: string, more: object): Ask {
    const about = this.#aKey();
    return { ...this.#change(path, { key: about.id, ...more }), about };
  }

  /** Every third with an Idempotency-Key. */
  #change(path: string, body: object, by: string = masterKey): Ask {
    if (this.#choose(3) > 0) return { sent: { path, headers: asking(by), body } };
    const headers = { ...asking(by), 'idempotency-key': `soak-${this.#drawn}` };
    const ask = { sent: { path, headers, body } };
    this.#repeatable.push(ask);
    if (this.#repeatable.length > 10) this.#repeatable.shift();
    return ask;
  }

  #look(path: string): Ask {
    return { sent: { method: 'GET', path, headers: asking(masterKey) } };
  }

  #aKey(): KnownKey {
    return this.#oneOf(this.#known) ?? { id: 'ThereIsNoSuchKey', value: 'sk-there-is-no-such-key' };
  }

  #learn(id: unknown, value: unknown): void {
    if (typeof id !== 'string' || typeof value !== 'string') return;
    this.#forget(id);
    this.#known.push({ id, value });
  }

  #forget(keyId: string): void {
    const at = this.#known.findIndex(({ id }) => id === keyId);
    if (at >= 0) this.#known.splice(at, 1);
  }

  #oneOf<T>(list: readonly T[]): T | undefined {
    return list[this.#choose(list.length)];
  }
}
