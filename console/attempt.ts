/** Ids for `Idempotency-Key`. */
import { hex } from './hex.ts';

/**
 * Of one form: the same id as long as the same is sent, so that a double click or a retry is not done
 * twice; another for anything else.
 */
export function attemptsOf(newId: () => string) {
  let last: { readonly text: string; readonly id: string } | undefined;
  return (body: object): string => {
    const text = JSON.stringify(body);
    if (last?.text !== text) last = { text, id: newId() };
    return last.id;
  };
}

/** 128 random bits; `randomUUID` is only there over HTTPS. */
export const randomId = (): string => hex(crypto.getRandomValues(new Uint8Array(16)));
