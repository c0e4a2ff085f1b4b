import { SecretsManagerClient } from '@aws-sdk/client-secrets-manager';
import { describe, expect, it } from 'vitest';
import { secretsMirror } from '../../../../lambdas/shared/adapters/secrets.ts';
import { type Canned, cannedAws, refusal } from '../../fixtures/canned-aws.ts';

const secret = {
  name: 'litellm/alpha',
  value: 'sk-value',
  token: '00000000-0000-4000-8000-000000000000',
  tags: { key_id: 'k' },
};

async function mirrorThat(answer: Canned, kmsKeyId: string | null = null) {
  const { config, asked } = await cannedAws(answer);
  return { mirror: secretsMirror(new SecretsManagerClient(config), kmsKeyId), asked };
}

describe('creating a secret', () => {
  it('sends name, value, token and tags', async () => {
    const { mirror, asked } = await mirrorThat({ status: 200, body: { ARN: 'arn' } }, 'kms');
    expect(await mirror.create(secret, 1000)).toEqual({ kind: 'done', arn: 'arn' });
    expect(asked).toEqual([
      {
        target: 'CreateSecret',
        body: {
          Name: 'litellm/alpha',
          SecretString: 'sk-value',
          ClientRequestToken: secret.token,
          Tags: [{ Key: 'key_id', Value: 'k' }],
          KmsKeyId: 'kms',
        },
      },
    ]);
  });

  // What is "unanswered" here may have made the secret: it is never undone in line.
  it.each<[string, Canned, string]>([
    ['a taken name', refusal('ResourceExistsException'), 'exists'],
    ['a name in its deletion window', refusal('InvalidRequestException'), 'scheduled'],
    ['throttling', refusal('ThrottlingException'), 'throttled'],
    ['a missing permission', refusal('AccessDeniedException'), 'refused'],
    ['a quota', refusal('LimitExceededException'), 'refused'],
    ['a key that cannot encrypt', refusal('EncryptionFailure'), 'refused'],
    ['an invalid parameter', refusal('InvalidParameterException'), 'refused'],
    ['a server error', refusal('InternalServiceError', 500), 'unanswered'],
    ['an unavailable service', refusal('ServiceUnavailable', 503), 'unanswered'],
    ['silence', 'hangs', 'unanswered'],
    ['a broken connection', 'breaks off', 'unanswered'],
    ['a success of which half was received', 'is cut short', 'unanswered'],
    ['a success without ARN', { status: 200, body: {} }, 'unanswered'],
  ])('tells apart: %s', async (_, answer, kind) => {
    const { mirror, asked } = await mirrorThat(answer);
    expect(await mirror.create(secret, 300)).toMatchObject({ kind });
    expect(asked).toHaveLength(1);
  });

  it('is not sent without time left, and counts as unanswered', async () => {
    const { mirror, asked } = await mirrorThat({ status: 200, body: { ARN: 'arn' } });
    expect(await mirror.create(secret, 0)).toMatchObject({ kind: 'unanswered' });
    expect(asked).toEqual([]);
  });
});
