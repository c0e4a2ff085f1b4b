/** How views ask the API, and how forms change something by it. */
import { useEffect, useRef, useState } from 'preact/hooks';
import { attemptsOf, randomId } from './attempt.ts';

export interface Asked<T> {
  /** The last answer, also while a newer one is waited for. */
  readonly answer: T | null;
  readonly error: Error | null;
  readonly isWaiting: boolean;
  readonly again: () => void;
}

/**
 * Asks whenever one of `about` has changed. Of answers that come out of order the one that was asked for
 * last counts; the others are given up.
 */
export function useAnswer<T>(
  ask: (signal: AbortSignal) => Promise<T>,
  about: readonly unknown[],
): Asked<T> {
  const [times, setTimes] = useState(0);
  const [state, setState] = useState<Omit<Asked<T>, 'again'>>({
    answer: null,
    error: null,
    isWaiting: true,
  });
  useEffect(() => {
    const asking = new AbortController();
    const { signal } = asking;
    setState(({ answer }) => ({ answer, error: null, isWaiting: true }));
    ask(signal).then(
      (answer) => {
        if (!signal.aborted) setState({ answer, error: null, isWaiting: false });
      },
      (error: Error) => {
        if (!signal.aborted) setState({ answer: null, error, isWaiting: false });
      },
    );
    return () => asking.abort();
  }, [...about, times]);
  return { ...state, again: () => setTimes((before) => before + 1) };
}

export interface Submission {
  readonly submit: (body: object) => void;
  readonly isBusy: boolean;
  readonly error: Error | null;
}

/**
 * Sends a change of one form: one at a time, however often it is submitted, and a retry of the same under
 * the same `Idempotency-Key`.
 */
export function useSubmission<T>(
  send: (body: object, attempt: string) => Promise<T>,
  onDone: (answer: T) => void,
): Submission {
  const attempts = useRef(attemptsOf(randomId));
  const isSending = useRef(false);
  const [state, setState] = useState<Omit<Submission, 'submit'>>({ isBusy: false, error: null });
  const submit = (body: object) => {
    if (isSending.current) return;
    isSending.current = true;
    setState({ isBusy: true, error: null });
    send(body, attempts.current(body))
      .finally(() => {
        isSending.current = false;
      })
      .then(
        (answer) => {
          setState({ isBusy: false, error: null });
          onDone(answer);
        },
        (error: Error) => setState({ isBusy: false, error }),
      );
  };
  return { ...state, submit };
}
