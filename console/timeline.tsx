/** What was done to a key: its records in the audit trail. */
import { useRef, useState } from 'preact/hooks';
import type { AuditRecord, RecordsPart } from './answers.ts';
import type { Client } from './client.ts';
import { useAnswer } from './hooks.ts';
import { Time, Trouble, Waiting } from './parts.tsx';
import { changesOf, wordsOf } from './text.ts';

/** A record is there some seconds after its change. */
const lookAgainAfterMs = [500, 1000, 2000, 4000];

export function Timeline({
  client,
  keyId,
  changes,
}: {
  client: Client;
  keyId: string;
  /** How many changes were made here. */
  changes: number;
}) {
  /** The number of the newest record that was shown, and after how many changes. */
  const seen = useRef({ seq: 0, changes });
  const [older, setOlder] = useState<readonly RecordsPart[]>([]);
  const [trouble, setTrouble] = useState<Error | null>(null);
  const { answer, error, isWaiting, again } = useAnswer(
    async (signal) => {
      const isAwaited = changes > seen.current.changes;
      const first = await newest(client, keyId, isAwaited ? seen.current.seq : -1, signal);
      seen.current = { seq: first.audit_logs[0]?.seq ?? 0, changes };
      setOlder([]);
      return first;
    },
    [client, keyId, changes],
  );
  const cursor = (older.at(-1) ?? answer)?.next_cursor ?? null;
  const goOn = () => {
    if (cursor === null) return;
    setTrouble(null);
    client.trail(keyId, cursor).then(
      // Not where the list has gone on meanwhile, or begun anew.
      (part) => setOlder((before) => (before === older ? [...before, part] : before)),
      setTrouble,
    );
  };
  const records = [answer, ...older].flatMap((part) => part?.audit_logs ?? []);
  return (
    <section aria-labelledby="timeline">
      <h2 id="timeline">Audit</h2>
      <Trouble error={error} onAgain={again} />
      {isWaiting && (
        <Waiting
          what={answer === null ? 'Looking for records…' : 'Looking for the newest record…'}
        />
      )}
      {answer !== null && records.length === 0 && !isWaiting && (
        <p class="empty">There are no records. One is there some seconds after its change.</p>
      )}
      {records.length > 0 && (
        <ol class="timeline">
          {records.map((record) => (
            <Entry key={record.id} record={record} />
          ))}
        </ol>
      )}
      <Trouble error={trouble} onAgain={goOn} />
      {cursor !== null && trouble === null && (
        <button type="button" onClick={goOn}>
          Show earlier
        </button>
      )}
    </section>
  );
}

/** The newest records, with one later than `seq` where it comes in time. */
async function newest(client: Client, keyId: string, seq: number, signal: AbortSignal) {
  let part = await client.trail(keyId, '', signal);
  for (const ms of lookAgainAfterMs) {
    if ((part.audit_logs[0]?.seq ?? 0) > seq) break;
    await new Promise((resolve) => setTimeout(resolve, ms));
    part = await client.trail(keyId, '', signal);
  }
  return part;
}

function Entry({ record }: { record: AuditRecord }) {
  const { action, changed_by, principal, source_ip, updated_at, redacted, damaged } = record;
  const changes = changesOf(record);
  return (
    <li>
      <p class="when">
        <Time at={updated_at} precision="second" />
      </p>
      <div>
        <p>
          <strong>{action === null ? 'Unreadable' : wordsOf(action)}</strong>
          {changed_by !== null && ` by ${changed_by}`}
          <span class="soft">
            {principal !== null && principal !== changed_by && ` with the key ${principal}`}
            {source_ip !== null && ` from ${source_ip}`}
          </span>
        </p>
        {record.ended_overlap && (
          <p class="soft">This ended the grace period of an earlier value.</p>
        )}
        {damaged && <p class="warning">This record is not as it was written.</p>}
        {redacted.length > 0 && <p class="soft">Erased: {redacted.join(', ')}</p>}
        {changes.length > 0 && (
          <dl class="changes">
            {changes.map(({ name, before, after }) => (
              <div key={name}>
                <dt>{wordsOf(name)}</dt>
                <dd>
                  {record.before_value !== null && (
                    <>
                      <del>{before ?? 'none'}</del>
                      <span aria-hidden="true"> → </span>
                      <span class="unseen"> became </span>
                    </>
                  )}
                  <ins>{after ?? 'none'}</ins>
                </dd>
              </div>
            ))}
          </dl>
        )}
      </div>
    </li>
  );
}
