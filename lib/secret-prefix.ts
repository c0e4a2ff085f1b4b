/**
 * The prefix with exactly one `/` at its end and none at its start, however it was written; null
 * where nothing is left. An empty prefix would grant the functions every secret of the account.
 */
export function normaliseSecretPrefix(prefix: string): string | null {
  const folder = prefix.trim().replace(/^\/+|\/+$/g, '');
  return folder === '' ? null : `${folder}/`;
}
