import { isMutation } from './built-rows.ts';
import type { Reply } from './compare.ts';
import { namesIn } from './placeholders.ts';
import { isObject, member, type Row } from './recording.ts';
import type { Span, Views } from './times.ts';

/** Fields and query parameters that name keys. */
const namingFields = ['key', 'keys', 'key_alias', 'key_aliases', 'key_ids', 'search'];

/** Which keys a row is about: by placeholder, alias, chosen value or team. */
export class KnownKeys {
  readonly #byAlias = new Map<string, Set<string>>();
  readonly #byTeam = new Map<string, Set<string>>();
  /** When each key of ours expires. */
  readonly #expiries = new Map<string, Date>();
  readonly #views = new Map<string, Views>();
  readonly #changes = new Map<string, Span[]>();

  /** Remembers the key that an answer shows, and when a key was changed. */
  note(row: Row, reply: Reply, span: Span): void {
    const { response } = row;
    for (const name of namesIn(member(response?.body, 'key'))) {
      add(this.#byAlias, member(response?.body, 'key_alias'), name);
      add(this.#byTeam, member(response?.body, 'team_id'), name);
      const expires = member(reply.body, 'expires');
      if (typeof expires === 'string') this.#expiries.set(name, new Date(expires));
      this.#views.set(name, { recorded: shown(response?.body), ours: shown(reply.body) });
    }
    if (!isMutation(row) || reply.status >= 300) return;
    for (const name of this.changedBy(row)) {
      this.#changes.set(name, [...(this.#changes.get(name) ?? []), span]);
    }
  }

  /** How the key that a row names was last shown, by both. */
  lastViews(row: Row): Views {
    const [name = ''] = namesIn(row.request);
    return this.#views.get(name) ?? { recorded: undefined, ours: undefined };
  }

  /** When the keys that a row mentions were made and changed. */
  changesOf(row: Row): Span[] {
    return this.mentionedBy(row).flatMap((name) => this.#changes.get(name) ?? []);
  }

  /** When the caller's key expires, or null if that is not known. */
  callersExpiry({ request }: Row): Date | null {
    const [name = ''] = namesIn(request.headers);
    return this.#expiries.get(name) ?? null;
  }

  /** The keys that a row changes if it changes any: names of placeholders, aliases, chosen values. */
  changedBy({ request: { path, body } }: Row): Set<string> {
    const query = new URLSearchParams(path.split('?')[1]);
    const literals = namingFields
      .flatMap((field) => [member(body, field), query.get(field)])
      .flat()
      .filter((value) => typeof value === 'string' && value !== '')
      .map(String);
    const team = member(body, 'all_keys_in_team') === true ? member(body, 'team_id') : undefined;
    return new Set([
      ...namesIn([path, body]),
      ...literals,
      ...literals.flatMap((alias) => [...(this.#byAlias.get(alias) ?? [])]),
      ...(typeof team === 'string' ? (this.#byTeam.get(team) ?? []) : []),
    ]);
  }

  /** All keys that a row names: also the caller and those in the answer. */
  mentionedBy(row: Row): string[] {
    return [...this.changedBy(row), ...namesIn([row.request.headers, row.response])];
  }
}

/** The settings in an answer: those of info are one level down. */
const shown = (body: unknown): unknown => {
  const info = member(body, 'info');
  return isObject(info) ? info : body;
};

function add(names: Map<string, Set<string>>, key: unknown, name: string): void {
  if (typeof key === 'string') names.set(key, (names.get(key) ?? new Set()).add(name));
}
