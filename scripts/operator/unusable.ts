/** The input or the environment is none to work with; the message says why and quotes nothing. */
export class Unusable extends Error {}
