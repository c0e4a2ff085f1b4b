/**
 * An environment cannot be deployed as it is configured. The message is one line: which
 * environment, which setting, what is wrong with it and what to do.
 */
export class EnvironmentError extends Error {
  override readonly name = 'EnvironmentError';

  constructor(environment: string, setting: string, problem: string) {
    super(`Environment ${environment}: ${setting} ${problem}`);
  }
}

/** Stops a check, naming the setting and what to do about it. */
export type Refuse = (setting: string, problem: string) => never;
