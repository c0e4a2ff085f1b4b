/** Step 2: a value goes into Secrets Manager. What a call definitely did not do is told; the unknown is thrown. */
import type { Deadline } from '../domain/deadline.ts';
import { Conflict, type DomainError } from '../domain/errors.ts';
import type { NewSecret, Randomness, SecretOutcome, Secrets } from '../domain/ports.ts';
import { tombstone } from '../domain/tombstone.ts';
import { leftOpen, notWritten } from './commit.ts';

export interface ValueStores {
  readonly secrets: Secrets;
  readonly random: Randomness;
}

/** `refused`: nothing is stored, and the step is to be taken back before the error is told. */
export type Stored =
  | { readonly kind: 'stored'; readonly arn: string }
  | { readonly kind: 'refused'; readonly error: DomainError };

/**
 * Stores a value under a name that is new, or that a secret of ours in its deletion window has. Throws
 * `Unavailable` where it is not known whether it is stored.
 *
 * @param wasOurs whether a secret scheduled for deletion under the name is ours
 */
export async function storeUnderName(
  stores: ValueStores,
  secret: NewSecret,
  wasOurs: boolean,
  deadline: Deadline,
): Promise<Stored> {
  const { first, last } = await twice(() =>
    stores.secrets.create(secret, deadline.secretLimitMs()),
  );
  if (last.kind === 'done') return { kind: 'stored', arn: last.arn };
  // Definite only without an earlier unanswered try: that one may still take effect.
  if (first.kind === 'unanswered') throw leftOpen('CreateSecret', first);
  if (last.kind === 'scheduled' && wasOurs) return reuseName(stores, secret, deadline);
  if (last.kind !== 'exists' && last.kind !== 'scheduled') {
    return { kind: 'refused', error: notWritten('CreateSecret', last) };
  }
  const error = new Conflict(
    'key_alias',
    'The name in Secrets Manager that this key_alias needs is taken; choose another key_alias.',
    null,
  );
  return { kind: 'refused', error };
}

/** Stores a new value in the place of the present one, as version `token`. Throws likewise. */
export async function storeInPlace(
  { secrets }: ValueStores,
  secretId: string,
  { value, token }: Pick<NewSecret, 'value' | 'token'>,
  deadline: Deadline,
): Promise<Stored> {
  const { first, last } = await twice(() =>
    secrets.put(secretId, value, token, deadline.secretLimitMs()),
  );
  if (last.kind === 'done') return { kind: 'stored', arn: last.arn };
  if (first.kind === 'unanswered') throw leftOpen('PutSecretValue', first);
  if (last.kind !== 'absent') return { kind: 'refused', error: notWritten('PutSecretValue', last) };
  const error = new Conflict(
    null,
    'Secrets Manager does not find the secret of this key: regenerate it to another key_alias, or delete it.',
    60,
  );
  return { kind: 'refused', error };
}

/**
 * Takes the name over from a key of ours whose secret is in its deletion window: restored, given to
 * the new key, and written over, first with a tombstone, so that AWSPREVIOUS does not show the last
 * holder's value.
 */
async function reuseName(
  stores: ValueStores,
  secret: NewSecret,
  deadline: Deadline,
): Promise<Stored> {
  const { secrets, random } = stores;
  const limit = () => deadline.secretLimitMs();
  const restored = await secrets.restore(secret.name, limit());
  if (restored.kind === 'unanswered') throw leftOpen('RestoreSecret', restored);
  // Its window ended a moment ago: the name is free.
  if (restored.kind === 'absent') return storeUnderName(stores, secret, false, deadline);
  if (restored.kind !== 'done') {
    return { kind: 'refused', error: notWritten('RestoreSecret', restored) };
  }
  const { arn } = restored;
  // From here on the secret is live again: whatever fails is left to the reconciler.
  const tags = { user_id: '', team_id: '', ...secret.tags };
  const tagged = await secrets.tag(arn, tags, limit());
  if (tagged.kind !== 'done') throw leftOpen('TagResource', tagged);
  for (const { value, token } of [{ value: tombstone, token: random.uuid() }, secret]) {
    const { last } = await twice(() => secrets.put(arn, value, token, limit()));
    if (last.kind !== 'done') throw leftOpen('PutSecretValue', last);
  }
  return { kind: 'stored', arn };
}

/** Once more where no answer came. The same token and value: harmless if the first took effect after all. */
async function twice(call: () => Promise<SecretOutcome>) {
  const first = await call();
  return { first, last: first.kind === 'unanswered' ? await call() : first };
}
