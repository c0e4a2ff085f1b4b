/** Schedules that broke a promise, as small as they get, each from the run that found it. */
import type { Scenario } from './scenario.ts';

export const regressions: readonly { readonly what: string; readonly scenario: Scenario }[] = [];
