/** The keys that the caller may see: searched, and a page at a time. */
import { useEffect, useRef, useState } from 'preact/hooks';
import type { IssuedKey, KeysPart } from './answers.ts';
import type { Client } from './client.ts';
import { useAnswer } from './hooks.ts';
import { NewKeyDialog } from './new-key-dialog.tsx';
import { Field, Heading, Status, Time, Trouble, Waiting } from './parts.tsx';
import { hashOfKey } from './route.ts';
import {
  everything,
  isEverything,
  queryOf,
  type Search,
  safelySearched,
  searchedBy,
  statuses,
} from './search.ts';
import { nameOf, spendText } from './text.ts';

/** Where somebody is in the list; kept while they look at a key. */
export interface Place {
  readonly search: Search;
  /** The cursor of each page so far, the last of them that of the page which is shown. */
  readonly cursors: readonly string[];
}

export const beginning: Place = { search: everything, cursors: [''] };

const pageSize = '25';
/** How many pages that a filter left empty are passed over, before the reader is asked. */
const passedOver = 10;
const typingMs = 300;

export function KeyList({
  client,
  place,
  onMove,
  onIssued,
}: {
  client: Client;
  place: Place;
  onMove: (place: Place) => void;
  onIssued: (issued: IssuedKey) => void;
}) {
  const { search, cursors } = place;
  const cursor = cursors.at(-1) ?? '';
  const [isNew, setNew] = useState(false);
  const { answer, error, isWaiting, again } = useAnswer(
    async (signal) => ({ ...(await findPage(client, search, cursor, signal)), place }),
    [client, place],
  );
  const next = answer?.next_cursor ?? null;
  const turnOn = () => {
    // What is shown while another page is waited for says nothing of what comes after that.
    if (next !== null && answer?.place === place) onMove({ search, cursors: [...cursors, next] });
  };
  const turnBack = () => {
    if (cursors.length > 1) onMove({ search, cursors: cursors.slice(0, -1) });
  };
  return (
    <main>
      <div class="head">
        <Heading title="Keys" />
        <button type="button" class="primary" onClick={() => setNew(true)}>
          New key
        </button>
      </div>
      <SearchForm
        search={search}
        onSearch={(wanted) => onMove({ search: wanted, cursors: [''] })}
      />
      <Trouble error={error} onAgain={again} />
      {answer === null && isWaiting && <Waiting what="Looking for keys…" />}
      {answer !== null && answer.keys.length === 0 && (
        <div class="empty">
          <p>{emptyText(place, next)}</p>
          {!isEverything(search) && (
            <button type="button" onClick={() => onMove(beginning)}>
              Show all keys
            </button>
          )}
        </div>
      )}
      {answer !== null && answer.keys.length > 0 && (
        <Table keys={answer.keys} isWaiting={isWaiting} />
      )}
      <nav class="pages" aria-label="Pages">
        <button type="button" aria-disabled={cursors.length === 1} onClick={turnBack}>
          Previous
        </button>
        <span role="status">{`Page ${cursors.length}`}</span>
        <button type="button" aria-disabled={next === null} onClick={turnOn}>
          Next
        </button>
        <button type="button" class="quiet" onClick={again}>
          Refresh
        </button>
      </nav>
      {isNew && (
        <NewKeyDialog
          client={client}
          onClose={() => setNew(false)}
          onDone={(issued) => {
            setNew(false);
            onIssued(issued);
          }}
        />
      )}
    </main>
  );
}

/** Through a cursor a page of a search may be empty and not the last. */
async function findPage(client: Client, search: Search, cursor: string, signal: AbortSignal) {
  const query = { ...queryOf(search), size: pageSize };
  let part = await client.list({ ...query, cursor }, signal);
  for (let passed = 0; passed < passedOver; passed += 1) {
    if (part.keys.length > 0 || part.next_cursor === null) break;
    part = await client.list({ ...query, cursor: part.next_cursor }, signal);
  }
  return part;
}

function emptyText({ search, cursors }: Place, next: string | null): string {
  if (next !== null) return 'None found so far. There is more to look through: go on with Next.';
  if (cursors.length > 1) return 'There are no more keys.';
  return isEverything(search)
    ? 'There are no keys yet. The first one is made by New key.'
    : 'No key fits this search.';
}

function SearchForm({ search, onSearch }: { search: Search; onSearch: (search: Search) => void }) {
  const [typed, setTyped] = useState(search);
  const [isKept, setKept] = useState(false);
  /** What was searched for from here: what has been typed since stays. */
  const sent = useRef(search);
  useEffect(() => {
    if (search === sent.current) return;
    setTyped(search);
    setKept(false);
  }, [search]);
  useEffect(() => {
    if (typed === search) return;
    let isOver = false;
    const timer = setTimeout(() => {
      safelySearched(typed).then(
        (wanted) => {
          if (isOver) return;
          setKept(wanted === null);
          if (wanted === null) return;
          sent.current = wanted;
          setTyped(wanted);
          onSearch(wanted);
        },
        () => setKept(true),
      );
    }, typingMs);
    return () => {
      isOver = true;
      clearTimeout(timer);
    };
  }, [typed]);
  return (
    <form class="search" role="search" onSubmit={(event) => event.preventDefault()}>
      <Field label="Search in" name="by">
        {(control) => (
          <select
            {...control}
            value={typed.by}
            onChange={({ currentTarget }) =>
              setTyped({ ...typed, by: oneOf(searchedBy, currentTarget.value, 'search') })
            }
          >
            {Object.entries(searchedBy).map(([value, text]) => (
              <option key={value} value={value}>
                {text}
              </option>
            ))}
          </select>
        )}
      </Field>
      <Field label="Search for" name="text">
        {(control) => (
          <input
            {...control}
            type="search"
            autocomplete="off"
            autocapitalize="off"
            spellcheck={false}
            placeholder={typed.by === 'search' ? 'Part of an alias, or a whole hash' : 'All of it'}
            value={typed.text}
            onInput={({ currentTarget }) => setTyped({ ...typed, text: currentTarget.value })}
          />
        )}
      </Field>
      <Field label="Status" name="status">
        {(control) => (
          <select
            {...control}
            value={typed.status}
            onChange={({ currentTarget }) =>
              setTyped({ ...typed, status: oneOf(statuses, currentTarget.value, '') })
            }
          >
            {Object.entries(statuses).map(([value, text]) => (
              <option key={value} value={value}>
                {text}
              </option>
            ))}
          </select>
        )}
      </Field>
      <p class="hint" role="status">
        {isKept
          ? 'This begins like the value of a key, and is not sent: a search is in a URL. Paste the whole value, and it is searched by its hash.'
          : ''}
      </p>
    </form>
  );
}

function Table({ keys, isWaiting }: { keys: KeysPart['keys']; isWaiting: boolean }) {
  return (
    <table aria-busy={isWaiting}>
      <caption class="unseen">Keys, the newest first</caption>
      <thead>
        <tr>
          <th scope="col">Key</th>
          <th scope="col">Status</th>
          <th scope="col" class="wide">
            User
          </th>
          <th scope="col" class="wide">
            Team
          </th>
          <th scope="col" class="wide number">
            Spend
          </th>
          <th scope="col" class="wide">
            Created
          </th>
          <th scope="col" class="wide">
            Expires
          </th>
        </tr>
      </thead>
      <tbody>
        {keys.map((key) => (
          <tr key={key.key_id}>
            <th scope="row">
              <a href={hashOfKey(key.key_id)}>{nameOf(key)}</a>
              <span class="narrow">
                {[key.user_id, key.team_id].filter((part) => part !== null).join(' · ')}
              </span>
            </th>
            <td>
              <Status status={key.status} />
            </td>
            <td class="wide">{key.user_id}</td>
            <td class="wide">{key.team_id}</td>
            <td class="wide number">{spendText(key)}</td>
            <td class="wide">
              <Time at={key.created_at} precision="day" />
            </td>
            <td class="wide">
              {key.expires === null ? 'never' : <Time at={key.expires} precision="day" />}
            </td>
          </tr>
        ))}
      </tbody>
    </table>
  );
}

/** A choice of a list of options. */
function oneOf<Choices extends object>(
  choices: Choices,
  value: string,
  standard: keyof Choices,
): keyof Choices {
  const isChoice = (name: PropertyKey): name is keyof Choices => Object.hasOwn(choices, name);
  return isChoice(value) ? value : standard;
}
