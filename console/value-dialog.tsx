/** The value of a key, the one time that it is shown. */
import { useEffect } from 'preact/hooks';
import type { IssuedKey, RotatedKey } from './answers.ts';
import { CopyButton, Dialog, Time } from './parts.tsx';
import { nameOf } from './text.ts';

export function ValueDialog({
  issued,
  onClose,
}: {
  issued: IssuedKey | RotatedKey;
  onClose: () => void;
}) {
  useEffect(() => {
    // A reload would lose it.
    const hold = (event: BeforeUnloadEvent) => event.preventDefault();
    addEventListener('beforeunload', hold);
    return () => removeEventListener('beforeunload', hold);
  }, []);
  return (
    // Escape is pressed too easily for what cannot be shown again.
    <Dialog title={`Keep the value of ${nameOf(issued)} now`} mayCancel={false} onClose={onClose}>
      <p class="warning">
        It is shown this once. When this is closed nobody can read it here again; whoever has it can
        use the key.
      </p>
      <div class="value">
        <code id="value">{issued.key}</code>
        <CopyButton text={issued.key} what="the value" shown="value" isFirst />
      </div>
      <dl class="facts">
        <dt>Key id</dt>
        <dd>
          <code>{issued.key_id}</code>
        </dd>
        {'overlap_until' in issued && (
          <>
            <dt>Former value</dt>
            <dd>
              {issued.overlap_until === null ? (
                'refused from now on'
              ) : (
                <>
                  let in until <Time at={issued.overlap_until} precision="minute" />
                </>
              )}
            </dd>
          </>
        )}
        <dt>Expires</dt>
        <dd>
          {issued.expires === null ? 'never' : <Time at={issued.expires} precision="minute" />}
        </dd>
      </dl>
      <div class="buttons">
        <button type="button" onClick={onClose}>
          I have kept it
        </button>
      </div>
    </Dialog>
  );
}
