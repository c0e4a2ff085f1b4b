/** No key: written where a value that is not, or no longer, valid must not be found. */
export const tombstone = 'latchkey: no value';
