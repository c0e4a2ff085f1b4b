/** What several views are made of. */
import type { ComponentChildren } from 'preact';
import { useEffect, useId, useLayoutEffect, useRef, useState } from 'preact/hooks';
import type { Key } from './answers.ts';
import { Refused } from './client.ts';
import { type Precision, statusTexts, timeText } from './text.ts';

export function Time({ at, precision }: { at: string | null; precision: Precision }) {
  if (at === null) return null;
  return (
    <time dateTime={at} title={at}>
      {timeText(at, precision)}
    </time>
  );
}

export const Status = ({ status }: Pick<Key, 'status'>) => (
  <span class={`status ${status}`}>{statusTexts[status]}</span>
);

/** The heading of a view, to which the focus goes when the view opens, unless there is a better place. */
export function Heading({
  title,
  takesFocus = true,
  children,
}: {
  title: string;
  takesFocus?: boolean;
  children?: ComponentChildren;
}) {
  const heading = useRef<HTMLHeadingElement>(null);
  useLayoutEffect(() => {
    if (takesFocus) heading.current?.focus();
  }, []);
  useEffect(() => {
    document.title = `${title} · Latchkey`;
  }, [title]);
  return (
    <h1 ref={heading} tabIndex={-1}>
      {title}
      {children}
    </h1>
  );
}

/** What went wrong, in the API's own words; and what is not for the caller, which trying again does not change. */
export function Trouble({ error, onAgain }: { error: Error | null; onAgain?: () => void }) {
  if (error === null) return null;
  const isDenied = error instanceof Refused && [401, 403, 404].includes(error.status);
  return (
    <div class={isDenied ? 'trouble denied' : 'trouble'} role="alert">
      <p>{error.message}</p>
      {onAgain !== undefined && !isDenied && (
        <button type="button" onClick={onAgain}>
          Try again
        </button>
      )}
    </div>
  );
}

export const Waiting = ({ what }: { what: string }) => (
  <p class="waiting" role="status">
    {what}
  </p>
);

/** The field that the API finds fault with, or null. */
export const faultOf = (error: Error | null): string | null =>
  error instanceof Refused ? error.param : null;

/** A labelled control of a form. Where the API finds fault with it, it says so and takes the focus. */
export function Field({
  label,
  name,
  hint,
  error = null,
  children,
}: {
  label: string;
  /** As the API calls it. */
  name: string;
  hint?: string;
  error?: Error | null;
  children: (control: {
    id: string;
    name: string;
    'aria-describedby'?: string;
    'aria-invalid'?: true;
  }) => ComponentChildren;
}) {
  const id = useId();
  const field = useRef<HTMLDivElement>(null);
  const isAtFault = faultOf(error) === name;
  const said = isAtFault ? error?.message : hint;
  useEffect(() => {
    if (isAtFault) field.current?.querySelector<HTMLElement>('input, select')?.focus();
  }, [isAtFault, error]);
  return (
    <div ref={field} class={isAtFault ? 'field fault' : 'field'}>
      <label for={id}>{label}</label>
      {children({
        id,
        name,
        ...(said === undefined ? {} : { 'aria-describedby': `${id}-hint` }),
        ...(isAtFault ? { 'aria-invalid': true } : {}),
      })}
      {said !== undefined && (
        <p class="hint" id={`${id}-hint`}>
          {said}
        </p>
      )}
    </div>
  );
}

/** Copies a text, or has it selected where the browser does not let it. */
export function CopyButton({
  text,
  what,
  shown,
  isFirst = false,
}: {
  text: string;
  /** What it copies, for those who do not see what it stands beside. */
  what: string;
  /** Id of the element that shows the text. */
  shown: string;
  isFirst?: boolean;
}) {
  const [said, setSaid] = useState<string | null>(null);
  useEffect(() => {
    if (said === null) return;
    const timer = setTimeout(() => setSaid(null), 2500);
    return () => clearTimeout(timer);
  }, [said]);
  const copy = async () => {
    try {
      await navigator.clipboard.writeText(text);
      setSaid('Copied');
    } catch {
      const element = document.getElementById(shown);
      if (element !== null) getSelection()?.selectAllChildren(element);
      setSaid('Selected: copy it by hand');
    }
  };
  return (
    <>
      <button
        type="button"
        class={isFirst ? 'primary' : 'small'}
        aria-label={`Copy ${what}`}
        onClick={() => void copy()}
        data-first={isFirst}
      >
        {said ?? 'Copy'}
      </button>
      <span class="unseen" role="status">
        {said === null ? '' : `${said}: ${what}`}
      </span>
    </>
  );
}

/**
 * A modal dialog, which takes the focus and gives it back. Escape closes it where it may be cancelled.
 */
export function Dialog({
  title,
  mayCancel = true,
  onClose,
  children,
}: {
  title: string;
  mayCancel?: boolean;
  onClose: () => void;
  children: ComponentChildren;
}) {
  const dialog = useRef<HTMLDialogElement>(null);
  const id = useId();
  useLayoutEffect(() => {
    const opener = document.activeElement;
    const element = dialog.current;
    element?.showModal();
    element?.querySelector<HTMLElement>('[data-first=true]')?.focus();
    return () => {
      element?.close();
      if (opener instanceof HTMLElement && opener.isConnected) opener.focus();
    };
  }, []);
  return (
    <dialog
      ref={dialog}
      aria-labelledby={id}
      onCancel={(event) => {
        event.preventDefault();
        if (mayCancel) onClose();
      }}
      // Browsers close it at a second Escape, whatever was said to the first.
      onClose={({ currentTarget }) => {
        if (!currentTarget.isConnected) return;
        if (mayCancel) onClose();
        else currentTarget.showModal();
      }}
    >
      <h2 id={id}>{title}</h2>
      {children}
    </dialog>
  );
}
