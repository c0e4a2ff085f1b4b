/** What can be done to a key, each with a dialog that says what comes of it. Whether somebody may, the API says. */
import type { ComponentChildren } from 'preact';
import { useState } from 'preact/hooks';
import type { Key, RotatedKey } from './answers.ts';
import type { Client } from './client.ts';
import { useSubmission } from './hooks.ts';
import { Dialog, Field, faultOf, Trouble } from './parts.tsx';
import { nameOf, textIn } from './text.ts';

type Action = 'block' | 'unblock' | 'rotate' | 'delete';

interface ActionProps {
  readonly client: Client;
  readonly info: Key;
  readonly onClose: () => void;
  /** Told what was done. */
  readonly onChanged: (outcome: string) => void;
  readonly onRotated: (rotated: RotatedKey) => void;
  readonly onDeleted: (outcome: string) => void;
}

export function KeyActions(props: Omit<ActionProps, 'onClose'>) {
  const { info } = props;
  const [open, setOpen] = useState<Action | null>(null);
  if (info.status === 'deleted') return null;
  const close = () => setOpen(null);
  const closing =
    <T,>(then: (result: T) => void) =>
    (result: T) => {
      close();
      then(result);
    };
  const dialog = {
    ...props,
    onClose: close,
    onChanged: closing(props.onChanged),
    onRotated: closing(props.onRotated),
    onDeleted: closing(props.onDeleted),
  };
  return (
    <div class="actions">
      {info.blocked === true ? (
        <button type="button" onClick={() => setOpen('unblock')}>
          Unblock
        </button>
      ) : (
        <button type="button" onClick={() => setOpen('block')}>
          Block
        </button>
      )}
      <button type="button" onClick={() => setOpen('rotate')}>
        Rotate
      </button>
      <button type="button" class="danger" onClick={() => setOpen('delete')}>
        Delete
      </button>
      {open === 'block' && <Block {...dialog} />}
      {open === 'unblock' && <Unblock {...dialog} />}
      {open === 'rotate' && <Rotate {...dialog} />}
      {open === 'delete' && <Delete {...dialog} />}
    </div>
  );
}

function Block({ client, info, onClose, onChanged }: ActionProps) {
  const done = useSubmission(client.block, () => onChanged(`${nameOf(info)} is blocked.`));
  return (
    <Form
      {...done}
      title={`Block ${nameOf(info)}?`}
      verb="Block key"
      isDangerous
      bodyOf={() => ({ key: info.key_id })}
      onClose={onClose}
    >
      <p>Whoever uses it is refused at once, until it is unblocked.</p>
    </Form>
  );
}

function Unblock({ client, info, onClose, onChanged }: ActionProps) {
  const done = useSubmission(client.unblock, () => onChanged(`${nameOf(info)} is unblocked.`));
  return (
    <Form
      {...done}
      title={`Unblock ${nameOf(info)}?`}
      verb="Unblock key"
      bodyOf={() => ({ key: info.key_id })}
      onClose={onClose}
    >
      <p>Whoever has its value is let in again.</p>
    </Form>
  );
}

function Rotate({ client, info, onClose, onRotated }: ActionProps) {
  const done = useSubmission(client.regenerate, onRotated);
  return (
    <Form
      {...done}
      title={`Rotate ${nameOf(info)}?`}
      verb="Rotate key"
      bodyOf={(form) => {
        const grace = textIn(form, 'grace_period');
        return { key: info.key_id, ...(grace === '' ? {} : { grace_period: grace }) };
      }}
      onClose={onClose}
    >
      <p>
        It gets a new value, which is shown once. Its id, settings and spend stay.
        {info.overlap_until !== null &&
          ' The value before the current one is refused from then on.'}
      </p>
      <Field label="Grace period" name="grace_period" error={done.error}>
        {(control) => (
          <select {...control} data-first>
            <option value="">As this environment has it</option>
            <option value="0s">None: the current value is refused at once</option>
            <option value="1h">1 hour: both values are let in</option>
            <option value="24h">24 hours</option>
            <option value="3d">3 days</option>
            <option value="7d">7 days</option>
          </select>
        )}
      </Field>
    </Form>
  );
}

function Delete({ client, info, onClose, onDeleted }: ActionProps) {
  const done = useSubmission(client.remove, () => onDeleted(`${nameOf(info)} is deleted.`));
  return (
    <Form
      {...done}
      title={`Delete ${nameOf(info)}?`}
      verb="Delete key"
      isDangerous
      bodyOf={() => ({ keys: [info.key_id] })}
      onClose={onClose}
    >
      <p>
        The key <strong>{nameOf(info)}</strong> (<code>{info.key_id}</code>) is refused at once and
        for good. To shut it out for a time, block it.
      </p>
    </Form>
  );
}

function Form({
  title,
  verb,
  isDangerous = false,
  bodyOf,
  submit,
  isBusy,
  error,
  onClose,
  children,
}: {
  title: string;
  verb: string;
  isDangerous?: boolean;
  bodyOf: (form: FormData) => object;
  submit: (body: object) => void;
  isBusy: boolean;
  error: Error | null;
  onClose: () => void;
  children: ComponentChildren;
}) {
  return (
    <Dialog title={title} mayCancel={!isBusy} onClose={onClose}>
      <form
        onSubmit={(event) => {
          event.preventDefault();
          submit(bodyOf(new FormData(event.currentTarget)));
        }}
      >
        {children}
        <Trouble error={faultOf(error) === 'grace_period' ? null : error} />
        <div class="buttons">
          <button type="button" onClick={onClose} disabled={isBusy}>
            Cancel
          </button>
          <button type="submit" class={isDangerous ? 'danger' : 'primary'} aria-disabled={isBusy}>
            {isBusy ? 'One moment…' : verb}
          </button>
        </div>
      </form>
    </Dialog>
  );
}
