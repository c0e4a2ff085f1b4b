/** What a piece of work gives, or what it throws, to be thrown when it may be told. */
export function tried<T>(work: () => T): { readonly done: T } | { readonly error: unknown } {
  try {
    return { done: work() };
  } catch (error) {
    return { error };
  }
}
