import type { Settings } from './domain/settings.ts';

/** Names of the environment variables that the stack sets and the functions read. */
export const configNames = [
  'KEYS_TABLE',
  'AUDIT_TABLE',
  'IDEMPOTENCY_TABLE',
  'NOTICES_TABLE',
  'SETTINGS',
  'MASTER_KEY_SECRET',
  'MASTER_KEY_VALUE',
  'LATCHKEY_URL',
  'OWN_KEY_SECRET',
] as const;

export type ConfigName = (typeof configNames)[number];

/** The named variables. Throws, naming the first missing one, so that a miswired function dies at once. */
export function readConfig<Name extends ConfigName>(...names: Name[]): Record<Name, string>;
export function readConfig(...names: ConfigName[]): Partial<Record<ConfigName, string>> {
  const config: Partial<Record<ConfigName, string>> = {};
  for (const name of names) {
    const value = process.env[name];
    if (value === undefined || value === '')
      throw new Error(`Environment variable ${name} is not set`);
    config[name] = value;
  }
  return config;
}

/** A variable that only some environments set; undefined elsewhere. */
export const readOptional = (name: ConfigName): string | undefined =>
  process.env[name] === '' ? undefined : process.env[name];

/** The environment's settings. Written by the stack, whose synth has checked them, so taken as they are. */
export function readSettings(): Settings {
  const settings: Settings = JSON.parse(readConfig('SETTINGS').SETTINGS);
  return settings;
}
