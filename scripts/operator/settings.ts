import type { Settings } from '../../lambdas/shared/domain/settings.ts';
import { findEnvironment } from '../../lib/environments.ts';
import { functionSettings } from '../../lib/function-settings.ts';

/**
 * The settings of an environment as its functions have them, but for what only its stack knows: its own
 * URL and how it sends mail. Throws where there is no such environment.
 */
export const settingsOf = (environment: string): Settings =>
  functionSettings(findEnvironment(environment), { apiUrl: '', configurationSet: null });
