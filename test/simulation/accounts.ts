/** What must hold between what clients were told and what is written, once all has come to rest. */
import { isDeepStrictEqual } from 'node:util';
import type { AuditRecord } from '../../lambdas/shared/domain/audit-record.ts';
import { tokenHash } from '../../lambdas/shared/domain/key-format.ts';
import type { World } from '../faults/invariants.ts';
import type { Attempt, Ledger } from './ledger.ts';
import type { MailAccount } from './mail-account.ts';
import { badAddress } from './requests.ts';
import type { Action } from './scenario.ts';

/** The audit's word for what an action does; null for what changes nothing. */
const actions: Readonly<Record<Action['do'], string | null>> = {
  generate: 'created',
  update: 'updated',
  rename: 'updated',
  'bulk-update': 'updated',
  regenerate: 'rotated',
  block: 'blocked',
  unblock: 'unblocked',
  'reset-spend': 'spend_reset',
  delete: 'deleted',
  verify: null,
  look: null,
};

/** Those that change something whatever was there before. */
const alwaysChanges: readonly Action['do'][] = ['generate', 'update', 'rename', 'regenerate'];

export function brokenAccounts(world: World, ledger: Ledger, mails: MailAccount): string[] {
  const trail = [...world.trail.records.values()];
  const undone = new Set(
    trail.filter(({ action }) => action === 'generate_undone').map(({ key_id }) => key_id),
  );
  const lasting = trail.filter(
    ({ action, key_id }) => !(action === 'created' && undone.has(key_id)),
  );
  return [
    ...ledger.attempts.flatMap((attempt) => brokenAttempt(attempt, lasting)),
    ...brokenValues(ledger.attempts, lasting),
    ...brokenImages(trail),
    ...brokenMails(world, ledger, mails, lasting),
    ...brokenSchedule(trail),
  ];
}

/** I2, I3, I12: a 200 changed each key once, a refusal none; a repeat counts as the same change. */
function brokenAttempt({ work, tries }: Attempt, lasting: readonly AuditRecord[]): string[] {
  const { do: what } = work.action;
  const changesOf = (requestIds: readonly string[]) =>
    lasting.filter(
      ({ action, request_id }) => action === actions[what] && requestIds.includes(request_id),
    );
  const groups = work.isIdempotent ? [tries] : tries.map((each) => [each]);
  return groups.flatMap((group) => {
    const told = `${group.map(({ requestId }) => requestId).join(' or ')}, ${what}`;
    const changes = changesOf(group.map(({ requestId }) => requestId));
    const keys = new Set(changes.map(({ key_id }) => key_id));
    const statuses = group.map(({ answer }) => answer?.status ?? 0);
    const isDone = statuses.includes(200);
    const mayBeDone = isDone || statuses.some((status) => status === 0 || status >= 500);
    const isOneKey = what === 'generate';
    // A block whose write got no answer and was written over is made again, lest it be lost.
    const isOnce = changes.length === keys.size || (what === 'block' && !work.isIdempotent);
    return [
      ...(isOnce && (!isOneKey || keys.size <= 1)
        ? []
        : [`I12: ${told} was made ${changes.length} times`]),
      ...(isDone && alwaysChanges.includes(what) && changes.length === 0
        ? [`I2: ${told} was answered 200 and is not in the audit`]
        : []),
      ...(changes.length > 0 && !mayBeDone ? [`I3: ${told} was refused and made`] : []),
    ];
  });
}

/** I4, I6, I12: each value that was told is that of one accepted change, and a repeat told no other. */
function brokenValues(attempts: readonly Attempt[], lasting: readonly AuditRecord[]): string[] {
  return attempts.flatMap(({ work, tries }) => {
    const values = tries.flatMap(({ answer }) =>
      answer?.status === 200 && ['generate', 'regenerate'].includes(work.action.do)
        ? [String(answer.body.key)]
        : [],
    );
    const unknown = values.filter(
      (value) => !lasting.some(({ after }) => after?.['token'] === tokenHash(value)),
    );
    return [
      ...unknown.map(() => `I4: a value was told that no key ever had (${work.action.do})`),
      ...(work.isIdempotent && new Set(values).size > 1
        ? ['I12: a repeat told another value']
        : []),
    ];
  });
}

/** No change is lost: each builds on what the one before it made. */
function brokenImages(trail: readonly AuditRecord[]): string[] {
  const byPlace = new Map(trail.map((record) => [`${record.key_id} ${record.seq}`, record]));
  return trail.flatMap(({ key_id, seq, action, before }) => {
    const previous = byPlace.get(`${key_id} ${seq - 1}`);
    const isNext = previous === undefined || isDeepStrictEqual(previous.after, before);
    return isNext ? [] : [`I2: record ${seq} of ${key_id}, ${action}, does not build on the last`];
  });
}

/** I17: each mail that is due went out, and no more often than its sender could not know better. */
function brokenMails(
  world: World,
  ledger: Ledger,
  mails: MailAccount,
  lasting: readonly AuditRecord[],
): string[] {
  const invited = new Map(
    ledger.attempts.flatMap(({ work, tries }) =>
      work.action.do === 'generate' && work.action.isMailed
        ? tries.map(({ requestId, answer }) => [requestId, answer?.status === 200] as const)
        : [],
    ),
  );
  // Of a key whose birth is not complete nobody is told anything else.
  const unborn = new Set(
    world.table.stream.flatMap(({ before, after }) =>
      [before, after].some((row) => row?.intent?.kind === 'generate') ? [after.event.id] : [],
    ),
  );
  const due = new Map<string, boolean>();
  for (const { action, event_id, request_id, before, after, key_id } of lasting) {
    const image = action === 'deleted' ? before : after;
    const to = image?.['user_email'] ?? image?.['user_id'];
    const isNews =
      action === 'rotated' ||
      (action === 'deleted' && !unborn.has(event_id)) ||
      (action === 'blocked' && before?.['blocked'] !== true && !unborn.has(event_id));
    if (isNews && typeof to === 'string' && to.includes('@')) {
      due.set(event_id, to !== badAddress);
    }
    if (action === 'created' && invited.has(request_id)) {
      const isLive = world.table.row(key_id)?.status === 'active';
      const isOwed = invited.get(request_id) === true || isLive;
      due.set(event_id, isOwed && to !== badAddress);
    }
  }
  const told = new Set(world.mailer.inbox.map(({ noticeId }) => noticeId));
  return [
    ...[...told]
      .filter((id) => !due.has(id))
      .map((id) => `I17: a mail of nothing that was done, ${id}`),
    ...[...due].flatMap(([id, isOwed]) => {
      const { sent, most } = mails.of(id);
      if (sent > most) return [`I17: ${sent} mails of ${id} where ${most} had an excuse`];
      return isOwed && sent === 0 ? [`I17: no mail of ${id}`] : [];
    }),
  ];
}

const dayMs = 86_400_000;

/** I23: the schedule gives a key no two values in one interval, which all have of a day less a tenth. */
function brokenSchedule(trail: readonly AuditRecord[]): string[] {
  const times = new Map<string, number[]>();
  for (const { action, key_id, at, changed_by } of trail) {
    if (action !== 'rotated' || changed_by !== 'system') continue;
    times.set(key_id, [...(times.get(key_id) ?? []), Date.parse(at)]);
  }
  return [...times].flatMap(([keyId, at]) =>
    at
      .sort((left, right) => left - right)
      .some((each, index) => index > 0 && each - (at[index - 1] ?? 0) < 0.8 * dayMs)
      ? [`I23: the schedule rotated ${keyId} twice in one interval`]
      : [],
  );
}
