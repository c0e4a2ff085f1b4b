/** One key: what it is, what became of its latest mail, and what was done to it. */
import type { ComponentChildren } from 'preact';
import { useState } from 'preact/hooks';
import type { Key, RotatedKey } from './answers.ts';
import type { Client } from './client.ts';
import { useAnswer } from './hooks.ts';
import { KeyActions } from './key-actions.tsx';
import { Heading, Status, Time, Trouble, Waiting } from './parts.tsx';
import { keysHash } from './route.ts';
import { nameOf, spendText, valueText, wordsOf } from './text.ts';
import { Timeline } from './timeline.tsx';

export function KeyPage({
  client,
  keyId,
  onOutcome,
  onRotated,
  onDeleted,
}: {
  client: Client;
  keyId: string;
  onOutcome: (outcome: string) => void;
  onRotated: (rotated: RotatedKey) => void;
  onDeleted: (outcome: string) => void;
}) {
  const [changes, setChanges] = useState(0);
  const { answer, error, isWaiting, again } = useAnswer(
    (signal) => client.show(keyId, signal),
    [client, keyId, changes],
  );
  const info = answer?.info ?? null;
  const changed = (outcome: string) => {
    setChanges((before) => before + 1);
    onOutcome(outcome);
  };
  return (
    <main>
      <p class="back">
        <a href={keysHash}>All keys</a>
      </p>
      <div class="head">
        <Heading title={info === null ? `Key ${keyId}` : nameOf(info)}>
          {info !== null && <Status status={info.status} />}
        </Heading>
        {info !== null && (
          <KeyActions
            client={client}
            info={info}
            onChanged={changed}
            onRotated={(rotated) => {
              changed(`${nameOf(rotated)} has a new value.`);
              onRotated(rotated);
            }}
            onDeleted={onDeleted}
          />
        )}
      </div>
      <Trouble error={error} onAgain={again} />
      {info === null && isWaiting && <Waiting what="Looking for the key…" />}
      {info !== null && (
        <>
          <Facts info={info} />
          <Delivery info={info} />
          <Timeline client={client} keyId={keyId} changes={changes} />
        </>
      )}
    </main>
  );
}

type Fact = readonly [label: string, value: ComponentChildren];

/** Members that the page shows in a place of their own. */
const shown = `
  key_id key_name key_alias key_type user_role secret_name status blocked notification_status
  user_id user_email team_id models spend max_budget budget_reset_at
  created_at created_by updated_at updated_by settings_updated_at expires overlap_until
  org_id deleted_at deleted_by deleted_by_api_key
`.split(/\s+/);

function Facts({ info }: { info: Key }) {
  const facts: Fact[] = [
    ['Key id', <code key="id">{info.key_id}</code>],
    ['Value', <code key="value">{info.key_name}</code>],
    ['User', info.user_id],
    ['E-mail', info.user_email],
    ['Team', info.team_id],
    ['Role', info.user_role],
    ['Type', info.key_type === 'default' ? null : info.key_type],
    ['Models', info.models.length === 0 ? 'all' : info.models.join(', ')],
    ['Spend', spendText(info)],
    ['Budget starts anew', timeOf(info.budget_reset_at)],
    ['Expires', info.expires === null ? 'never' : timeOf(info.expires)],
    ['Former value let in until', timeOf(info.overlap_until)],
    ['Secret', info.secret_name === null ? 'not in Secrets Manager' : info.secret_name],
    ['Created', by(info.created_at, info.created_by)],
    ['Changed', by(info.updated_at, info.updated_by)],
    ['Deleted', info.deleted_at == null ? null : by(info.deleted_at, info.deleted_by ?? null)],
  ];
  const others = Object.entries(info)
    .filter(([name]) => !shown.includes(name))
    .map(([name, value]): Fact => [wordsOf(name), value === 0 ? null : valueText(value)]);
  return (
    <section aria-label="Facts">
      <dl class="facts columns">
        {[...facts, ...others]
          .filter(([, value]) => value !== null)
          .map(([label, value]) => (
            <div key={label}>
              <dt>{label}</dt>
              <dd>{value}</dd>
            </div>
          ))}
      </dl>
    </section>
  );
}

const timeOf = (at: string | null) => (at === null ? null : <Time at={at} precision="minute" />);

const by = (at: string, who: string | null) => (
  <>
    <Time at={at} precision="minute" />
    {who !== null && ` by ${who}`}
  </>
);

/** What the states of a mail mean; docs/api.md, "What becomes of a mail". */
const states: Readonly<Record<string, string>> = {
  sending: 'on its way',
  parked: 'waits for the day’s sending quota',
  sent: 'handed over to SES',
  delivered: 'delivered',
  bounced: 'came back',
  complained: 'was called spam',
  rejected: 'was found unfit to send',
  failed: 'could not be sent',
  switched_off: 'not sent: mails of this event are off',
};
const isWell = (state: string): boolean =>
  ['sending', 'sent', 'delivered', 'switched_off'].includes(state);

function Delivery({ info: { notification_status: mail } }: { info: Key }) {
  return (
    <section aria-labelledby="delivery">
      <h2 id="delivery">Latest mail</h2>
      {mail === null ? (
        <p class="soft">There is none about this key.</p>
      ) : (
        <p class={isWell(mail.state) ? 'mail' : 'mail warning'}>
          <strong>{wordsOf(mail.event)}</strong>: {states[mail.state] ?? mail.state},{' '}
          <Time at={mail.at} precision="minute" />
          {mail.reason !== undefined && <span class="reason">{mail.reason}</span>}
        </p>
      )}
    </section>
  );
}
