/** `POST /key/{key}/claim-link`: mails the owner of a key a new link that shows its value, once. */
import { tableStores } from '../shared/adapters/stores.ts';
import { linkExpiry, linkRecipient, maskedAddress } from '../shared/domain/claim-link.ts';
import { Conflict } from '../shared/domain/errors.ts';
import { audited } from '../shared/domain/key-event.ts';
import type { KeyRow } from '../shared/domain/key-row.ts';
import { checkRowSize } from '../shared/domain/row-size.ts';
import { changeableTarget, type Target, targetOf } from '../shared/domain/target.ts';
import { ok } from '../shared/http/answer.ts';
import { api, type Call, type Route } from '../shared/http/api.ts';
import { changeKey } from '../shared/protocol/change-key.ts';
import type { TableStores } from '../shared/protocol/commit.ts';
import { replayStored } from '../shared/protocol/replay.ts';

interface Input {
  readonly target: Target | null;
}

export const route: Route<Input> = {
  name: 'request-claim-link',
  right: () => 'key.claim-link',
  takesIdempotencyKey: true,
  parse: ({ params }) => ({ target: targetOf(params['key'] ?? '') }),
  reads: ({ target }) => ({ target: target?.ref }),
};

export const requestClaimLink = (stores: TableStores) => async (call: Call<Input>) => {
  const { input, caller, scope, loaded, who, requestId } = call;
  const repeated = await replayStored(stores, call);
  if (repeated !== null) return ok(repeated.answer);
  const { random, now, settings } = stores;
  const named = { target: input.target, row: loaded.target, param: 'key' };
  const row = changeableTarget(named, caller, scope, now());
  const answerOf = ({ keyId, alias, event }: KeyRow) => ({
    key_id: keyId,
    key_alias: alias,
    sent_to: maskedAddress(event.notify?.to ?? ''),
    expires_at: linkExpiry(settings, new Date(event.at)),
  });
  const changed = await changeKey(
    stores,
    row,
    (current) => {
      const to = linkRecipient(current, settings, now());
      // The mail of an event goes out when no step is open, and a step may end in another value.
      if (current.intent !== null) {
        throw new Conflict('key', 'Another change of the key is under way.', 5);
      }
      const id = random.uuid();
      const claimLink = { notice: id, hash: current.cur.hash };
      const next = { ...current, rev: current.rev + 1, claimLink };
      checkRowSize(next);
      const happening = {
        id,
        action: 'claim_link_requested',
        at: now().toISOString(),
        who,
        requestId,
        operationId: null,
        notify: { event: 'claim_link', to },
      } as const;
      return { row: audited(current, next, happening, random) };
    },
    call,
    { answerOf, isUrgent: false },
  );
  return ok(answerOf(changed));
};

export const handler = api(route, () => {
  const stores = tableStores();
  return { ...stores, operation: requestClaimLink(stores) };
});
