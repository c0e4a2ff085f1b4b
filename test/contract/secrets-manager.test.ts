/** The fake Secrets Manager is held to the same cases as the guarded local AWS. */
import { describe } from 'vitest';
import { fakeSecretsClient } from './fake-secrets-client.ts';
import { secretsManagerCases } from './secrets-manager-cases.ts';
import { secretsManagerLimitsCases } from './secrets-manager-limits-cases.ts';
import { holdTo } from './suite.ts';

describe('the fake Secrets Manager', () => {
  const client = fakeSecretsClient();
  holdTo(secretsManagerCases(client));
  holdTo(secretsManagerLimitsCases(client));
});
