/** The way in: a key, which is asked whose it is. */
import { useLayoutEffect, useRef, useState } from 'preact/hooks';
import { isSendable } from './client.ts';
import { Field, Heading, Trouble } from './parts.tsx';

export function SignIn({
  reason,
  enter,
}: {
  /** Why somebody who was in is here again. */
  reason: string | null;
  enter: (key: string) => Promise<void>;
}) {
  const field = useRef<HTMLInputElement>(null);
  const [isBusy, setBusy] = useState(false);
  const [error, setError] = useState<Error | null>(reason === null ? null : new Error(reason));
  useLayoutEffect(() => field.current?.focus(), []);
  const submit = (event: Event) => {
    event.preventDefault();
    const key = field.current?.value.trim() ?? '';
    if (isBusy) return;
    if (!isSendable(key)) {
      setError(new Error('A key has printable ASCII characters, and no spaces in it.'));
      return;
    }
    setBusy(true);
    setError(null);
    enter(key).catch((refusal: Error) => {
      setBusy(false);
      setError(refusal);
      field.current?.select();
    });
  };
  return (
    <main class="sign-in">
      <Heading title="Sign in" takesFocus={false} />
      <p>
        With a virtual key. You see and change here what that key may see and change by the API.
      </p>
      <form onSubmit={submit}>
        <Trouble error={error} />
        <Field
          label="Key"
          name="key"
          hint="It stays in the memory of this page: reload it, and you are signed out."
        >
          {(control) => (
            <input
              {...control}
              ref={field}
              type="password"
              required
              autocomplete="off"
              autocapitalize="off"
              spellcheck={false}
            />
          )}
        </Field>
        <div class="buttons">
          <button type="submit" class="primary" aria-disabled={isBusy}>
            {isBusy ? 'Signing in…' : 'Sign in'}
          </button>
        </div>
      </form>
    </main>
  );
}
