/** The form of a new key. What it leaves out the API leaves at its own standard. */
import type { IssuedKey } from './answers.ts';
import type { Client } from './client.ts';
import { useSubmission } from './hooks.ts';
import { bodyOf, fields } from './new-key-body.ts';
import { Dialog, Field, faultOf, Trouble } from './parts.tsx';

export function NewKeyDialog({
  client,
  onDone,
  onClose,
}: {
  client: Client;
  onDone: (issued: IssuedKey) => void;
  onClose: () => void;
}) {
  const { submit, isBusy, error } = useSubmission(client.generate, onDone);
  const send = (event: SubmitEvent) => {
    event.preventDefault();
    if (event.currentTarget instanceof HTMLFormElement) {
      submit(bodyOf(new FormData(event.currentTarget)));
    }
  };
  const plain = { autocomplete: 'off', autocapitalize: 'off', spellcheck: false } as const;
  return (
    <Dialog title="New key" mayCancel={!isBusy} onClose={onClose}>
      <form onSubmit={send}>
        <div class="fields">
          <Field
            label="Alias"
            name="key_alias"
            hint="A name for it, also in its secret"
            error={error}
          >
            {(control) => <input {...control} {...plain} data-first />}
          </Field>
          <Field label="User" name="user_id" hint="Whose it is" error={error}>
            {(control) => <input {...control} {...plain} />}
          </Field>
          <Field label="Team" name="team_id" error={error}>
            {(control) => <input {...control} {...plain} />}
          </Field>
          <Field
            label="E-mail"
            name="user_email"
            hint="Gets its mails; else the user does"
            error={error}
          >
            {(control) => <input {...control} {...plain} inputMode="email" />}
          </Field>
          <Field
            label="Models"
            name="models"
            hint="Separated by commas; none for all"
            error={error}
          >
            {(control) => <input {...control} {...plain} />}
          </Field>
          <Field label="Lives for" name="duration" hint="30d, 12h; nothing for ever" error={error}>
            {(control) => <input {...control} {...plain} />}
          </Field>
          <Field label="Budget" name="max_budget" hint="Nothing for no limit" error={error}>
            {(control) => <input {...control} {...plain} inputMode="decimal" />}
          </Field>
          <Field label="Type" name="key_type" error={error}>
            {(control) => (
              <select {...control}>
                <option value="">Default</option>
                <option value="llm_api">llm_api: calls models only</option>
                <option value="management">management: manages keys</option>
                <option value="read_only">read_only: looks at keys</option>
              </select>
            )}
          </Field>
          <Field label="Requests per minute" name="rpm_limit" error={error}>
            {(control) => <input {...control} {...plain} inputMode="numeric" />}
          </Field>
          <Field label="Tokens per minute" name="tpm_limit" error={error}>
            {(control) => <input {...control} {...plain} inputMode="numeric" />}
          </Field>
        </div>
        <label class="check">
          <input type="checkbox" name="send_invite_email" /> Mail the owner that it is there
        </label>
        <Trouble error={fields.includes(faultOf(error) ?? '') ? null : error} />
        <div class="buttons">
          <button type="button" onClick={onClose} disabled={isBusy}>
            Cancel
          </button>
          <button type="submit" class="primary" aria-disabled={isBusy}>
            {isBusy ? 'Creating…' : 'Create key'}
          </button>
        </div>
      </form>
    </Dialog>
  );
}
