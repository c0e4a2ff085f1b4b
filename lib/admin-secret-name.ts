/** Name of the secret that holds an environment's admin key, outside every mirror prefix. */
export const adminSecretName = (environment: string) => `latchkey/${environment}/master-key`;
