/**
 * Shows the value of a key to whoever presents its claim link, once. The link is used up, and that is
 * in the trail, before the value is read, so that:
 *
 * - no value leaves the mirror without a record of it, whatever dies in between;
 * - of two who present the link at once only one gets past the write;
 * - what fails after the write (a read, the process, the answer on its way) leaves the link used up,
 *   and never shows the value a second time. The owner asks for another link. Giving the link back
 *   would take a second write that can fail as well, and would leave a record `claimed` that means
 *   nothing.
 *
 * The write has the link and the row under the revisions that were read. So a block, a delete, a
 * rotation, a newer link or another claim that comes first makes it be decided anew.
 */
import {
  type ClaimLink,
  isUsed,
  lostOnTheWay,
  mostReuses,
  presentedToken,
  refusalOf,
  standingOf,
  unknownLink,
} from '../domain/claim-link.ts';
import type { Deadline } from '../domain/deadline.ts';
import { Conflict, type DomainError, Unavailable } from '../domain/errors.ts';
import { audited } from '../domain/key-event.ts';
import { tokenHash } from '../domain/key-format.ts';
import type { AuditAction, KeyRow, Notify, Who } from '../domain/key-row.ts';
import type { IssuedLinks, KeyWrite, ReadOutcome, SecretReads } from '../domain/ports.ts';
import { knownRecipient } from '../domain/recipient.ts';
import { commit, maxDecisions, notWritten, outpaced, type TableStores } from './commit.ts';

export interface ClaimStores extends TableStores {
  readonly links: IssuedLinks;
  readonly secrets: SecretReads;
}

export interface ClaimCall {
  readonly requestId: string;
  readonly sourceIp: string | null;
  readonly deadline: Deadline;
}

export interface Claimed {
  readonly row: KeyRow;
  readonly value: string;
}

/**
 * The value behind a token, and the key. Throws `ClaimRefused` where there is none to show, `Conflict`
 * while the key is being changed, and `Unavailable`; the link is then as it was, or, after silence, it
 * is not known whether it is used up.
 */
export async function claimValue(
  stores: ClaimStores,
  token: string,
  call: ClaimCall,
): Promise<Claimed> {
  const presented = presentedToken(token);
  if (presented === null) throw unknownLink();
  const { table, links, settings, now } = stores;
  const { deadline } = call;
  for (let decision = 1; decision <= maxDecisions; decision += 1) {
    const link = await links.find(presented.noticeId, deadline.tableLimitMs());
    const standing = standingOf(link, presented.hash);
    if (link === null || standing === null) throw unknownLink();
    const target = { keyId: link.key_id };
    const { target: row } = await table.load({ target }, deadline.tableLimitMs());
    const refusal = refusalOf(link, standing, row, settings, now());
    if (refusal !== null) {
      if (row === null || !isRecorded(link, standing, row)) throw refusal;
      const reuses = link.reuses + 1;
      const done = await write(stores, row, { ...link, reuses }, 'claim_reused', call);
      if (done !== null) throw refusal;
      continue;
    }
    if (row === null) throw unknownLink();
    // The secret may be on its way to another name, or out of its place: a read could fail for it.
    if (row.intent !== null) throw underWay();
    // Else the link would be used up for nothing.
    if (deadline.secretLimitMs() === 0) throw notWritten('no time was left to read the secret');
    const used = { ...link, state: 'used' as const, used_at: now().toISOString() };
    const done = await write(stores, row, used, 'claimed', call);
    if (done !== null)
      return { row: done, value: await valueOf(stores, done, link.hash, deadline) };
  }
  throw outpaced();
}

const isRecorded = (link: ClaimLink, standing: 'current' | 'former', row: KeyRow): boolean =>
  isUsed(link, standing) && row.status === 'active' && link.reuses < mostReuses;

/**
 * Writes the link and the event on the row, and returns the row; null where either was written
 * meanwhile. Throws `Unavailable` where it was not written, or where that is not known.
 */
async function write(
  stores: ClaimStores,
  row: KeyRow,
  link: ClaimLink,
  action: Extract<AuditAction, 'claimed' | 'claim_reused'>,
  { requestId, sourceIp, deadline }: ClaimCall,
): Promise<KeyRow | null> {
  const { table, links, random, now, settings } = stores;
  const { user_email = null, user_id = null } = row.key;
  const to = knownRecipient(user_email, user_id, settings.mail);
  const id = random.uuid();
  const next = audited(
    row,
    { ...row, rev: row.rev + 1 },
    {
      id,
      action,
      at: now().toISOString(),
      who: { ...holder, source_ip: sourceIp },
      requestId,
      operationId: null,
      notify: action === 'claim_reused' ? notifyOf(to) : null,
    },
    random,
  );
  const used_by = action === 'claimed' ? id : link.used_by;
  const writes: KeyWrite[] = [
    { kind: 'replace-row', row: next },
    {
      kind: 'replace-claim-link',
      link: { ...link, rev: link.rev + 1, ...(used_by === undefined ? {} : { used_by }) },
    },
  ];
  const outcome = await commit(table, writes, random.uuid(), deadline);
  if (outcome.kind === 'committed') return next;
  if (action === 'claimed') {
    // A first try without answer may have taken effect after all: the link says whose claim it was.
    const kept = await links.find(link.notice_id, deadline.tableLimitMs());
    if (kept?.used_by === id) return next;
  }
  if (outcome.kind === 'refused' || outcome.kind === 'contended') return null;
  // Where it did not take effect, it still may.
  throw action === 'claimed' ? unknown() : notWritten(`the record was ${outcome.kind}`);
}

const notifyOf = (to: string | null): Notify | null =>
  to === null ? null : { event: 'claim_reused', to };

/** Nobody is known by a link: it is told what was used, and from where. */
const holder: Who = {
  changed_by: 'claim_link',
  changed_by_api_key: null,
  principal: 'claim_link',
  settled_by: null,
  source_ip: null,
};

/** From the exact version, checked by its hash: a wrong value is not shown, and no other one either. */
async function valueOf(
  { secrets }: ClaimStores,
  { secretArn, secretName, cur }: KeyRow,
  hash: string,
  deadline: Deadline,
): Promise<string> {
  const read = (): Promise<ReadOutcome> =>
    secrets.read(secretArn ?? secretName ?? '', cur.ver ?? '', deadline.secretLimitMs());
  const first = await read();
  const isPassing = first.kind === 'throttled' || first.kind === 'unanswered';
  // A read changes nothing, so that it may be repeated whatever became of the first one.
  const last = isPassing ? await read() : first;
  if (last.kind !== 'done') {
    throw lostOnTheWay(new Error(`GetSecretValue ${last.kind}: ${last.reason}`));
  }
  if (tokenHash(last.value) !== hash) throw lostOnTheWay(new Error('The secret has another value'));
  return last.value;
}

const underWay = (): DomainError =>
  new Conflict(
    null,
    'This key is being changed at the moment. The link is still good: try again in a minute.',
    10,
  );

const unknown = (): Unavailable =>
  new Unavailable(
    'A store did not answer, and nobody was shown the key. Please try again; if the link is used up then, ask for a new one.',
    5,
    new Error('the claim was unanswered'),
  );
