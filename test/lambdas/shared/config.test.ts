import { afterEach, describe, expect, it, vi } from 'vitest';
import { readConfig, readOptional } from '../../../lambdas/shared/config.ts';

afterEach(() => vi.unstubAllEnvs());

describe('a variable', () => {
  it('is read as it is set', () => {
    vi.stubEnv('MASTER_KEY_VALUE', 'sk-1');
    expect(readConfig('MASTER_KEY_VALUE')).toEqual({ MASTER_KEY_VALUE: 'sk-1' });
    expect(readOptional('MASTER_KEY_VALUE')).toBe('sk-1');
  });

  it.each([undefined, ''])('that is %j is missing, or left out where it may be', (value) => {
    vi.stubEnv('MASTER_KEY_VALUE', value);
    expect(() => readConfig('MASTER_KEY_VALUE')).toThrow('MASTER_KEY_VALUE is not set');
    expect(readOptional('MASTER_KEY_VALUE')).toBeUndefined();
  });
});
