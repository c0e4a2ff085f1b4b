/** No key: written where a value that is not, or no longer, valid must not be found. */
export const tombstone = 'latchkey: no value';
/** The label of a version that holds the tombstone in the place of a value: AWSCURRENT stays where it is. */
export const voidStage = 'LATCHKEY_VOID';
