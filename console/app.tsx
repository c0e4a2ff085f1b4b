/** The console: who is signed in, and which view is open. All of it is gone with the page. */
import { useEffect, useState } from 'preact/hooks';
import type { IssuedKey, Key } from './answers.ts';
import { type Client, clientOf } from './client.ts';
import { beginning, KeyList, type Place } from './key-list.tsx';
import { KeyPage } from './key-page.tsx';
import { Heading } from './parts.tsx';
import { hashOfKey, keysHash, routeOf } from './route.ts';
import { SignIn } from './sign-in.tsx';
import { nameOf } from './text.ts';
import { ValueDialog } from './value-dialog.tsx';

/** A page that nobody touches for so long signs out. */
const idleMs = 30 * 60_000;
/** How long it is said what came of a change. */
const outcomeMs = 10_000;

interface Session {
  readonly client: Client;
  readonly caller: Key;
}

export function App() {
  const [{ session, reason }, setState] = useState<{
    session: Session | null;
    reason: string | null;
  }>({ session: null, reason: null });
  const [place, setPlace] = useState<Place>(beginning);
  const [issued, setIssued] = useState<IssuedKey | null>(null);
  const [outcome, setOutcome] = useState('');
  const route = useRoute();

  const end = (why: string | null) => {
    setState({ session: null, reason: why });
    setPlace(beginning);
    setOutcome('');
  };
  const clientWith = (key: string): Client => {
    const client = clientOf(
      key,
      // One of an earlier session ends no later one.
      (why) =>
        setState((now) => (now.session?.client === client ? { session: null, reason: why } : now)),
      (input, init) => fetch(input, init),
    );
    return client;
  };
  const enter = async (key: string) => {
    const client = clientWith(key);
    const { info } = await client.self();
    setPlace(beginning);
    setState({ session: { client, caller: info }, reason: null });
  };
  const keep = (value: IssuedKey) => {
    setIssued(value);
    // Whoever rotates the key that they are signed in with goes on with its new value.
    if (value.key_id === session?.caller.key_id) {
      setState({ session: { ...session, client: clientWith(value.key) }, reason: null });
    }
  };
  useEffect(() => {
    if (outcome === '') return;
    const timer = setTimeout(() => setOutcome(''), outcomeMs);
    return () => clearTimeout(timer);
  }, [outcome]);
  useEffect(() => {
    // A page that is left can be kept as it is, for whoever goes back.
    const leave = () => {
      end(null);
      setIssued(null);
    };
    addEventListener('pagehide', leave);
    return () => removeEventListener('pagehide', leave);
  }, []);
  useIdle(session !== null, () => end('You were signed out: nothing was done here for a while.'));

  return (
    <>
      <Header session={session} onEnd={() => end(null)} />
      <p class={outcome === '' ? 'outcome unseen' : 'outcome'} role="status">
        {outcome}
      </p>
      {session === null ? (
        <SignIn key={reason} reason={reason} enter={enter} />
      ) : route.view === 'key' ? (
        <KeyPage
          key={route.keyId}
          client={session.client}
          keyId={route.keyId}
          onOutcome={setOutcome}
          onRotated={keep}
          onDeleted={(what) => {
            setOutcome(what);
            location.hash = keysHash;
          }}
        />
      ) : route.view === 'keys' ? (
        <KeyList
          client={session.client}
          place={place}
          onMove={setPlace}
          onIssued={(value) => {
            setOutcome(`${nameOf(value)} is created.`);
            keep(value);
            location.hash = hashOfKey(value.key_id);
          }}
        />
      ) : (
        <main>
          <Heading title="There is no such page" />
          <a href={keysHash}>All keys</a>
        </main>
      )}
      {issued !== null && <ValueDialog issued={issued} onClose={() => setIssued(null)} />}
    </>
  );
}

function Header({ session, onEnd }: { session: Session | null; onEnd: () => void }) {
  return (
    <header>
      <a class="brand" href={keysHash}>
        Latchkey
      </a>
      {session !== null && (
        <>
          <p class="caller">
            <span class="unseen">Signed in with </span>
            <a href={hashOfKey(session.caller.key_id)}>
              {session.caller.key_id === 'master' ? 'the admin key' : nameOf(session.caller)}
            </a>
            {session.caller.user_role !== null && (
              <span class="role soft">{` ${session.caller.user_role}`}</span>
            )}
          </p>
          <button type="button" class="small" onClick={onEnd}>
            Sign out
          </button>
        </>
      )}
    </header>
  );
}

function useRoute() {
  const [hash, setHash] = useState(location.hash);
  useEffect(() => {
    const follow = () => setHash(location.hash);
    addEventListener('hashchange', follow);
    return () => removeEventListener('hashchange', follow);
  }, []);
  const route = routeOf(hash);
  useEffect(() => {
    // Whatever somebody pasted there may be a key: it stays in no history.
    if (route.view === 'nowhere') history.replaceState(null, '', location.pathname);
  }, [hash]);
  return route;
}

function useIdle(isOn: boolean, onIdle: () => void): void {
  useEffect(() => {
    if (!isOn) return;
    let timer = setTimeout(onIdle, idleMs);
    const again = () => {
      clearTimeout(timer);
      timer = setTimeout(onIdle, idleMs);
    };
    const touches = ['keydown', 'pointerdown', 'wheel'];
    for (const touch of touches) addEventListener(touch, again);
    return () => {
      clearTimeout(timer);
      for (const touch of touches) removeEventListener(touch, again);
    };
  }, [isOn]);
}
