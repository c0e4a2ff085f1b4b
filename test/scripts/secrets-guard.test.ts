import { randomUUID } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import {
  CreateSecretCommand,
  DescribeSecretCommand,
  GetSecretValueCommand,
  PutSecretValueCommand,
  RotateSecretCommand,
  SecretsManagerClient,
} from '@aws-sdk/client-secrets-manager';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { type LocalAws, startLocalAws } from '../../scripts/local/local-aws.ts';
import { startSecretsGuard } from '../../scripts/local/secrets-guard.ts';
import { secretsManagerCases } from '../contract/secrets-manager-cases.ts';
import {
  bareDivergences,
  bareLimitDivergences,
  guardedDivergences,
  guardedLimitDivergences,
} from '../contract/secrets-manager-divergences.ts';
import { secretsManagerLimitsCases } from '../contract/secrets-manager-limits-cases.ts';
import { holdTo } from '../contract/suite.ts';
import { callerAllowed } from './local-caller.ts';

let stateDir: string;
let aws: LocalAws;
let client: SecretsManagerClient;
let restricted: SecretsManagerClient;
/** Past the guard. */
let bare: SecretsManagerClient;

beforeAll(async () => {
  stateDir = mkdtempSync(join(tmpdir(), 'latchkey-test-'));
  aws = await startLocalAws({ stateDir, persist: false, log: () => {} });
  const connect = (credentials: LocalAws['credentials']) =>
    new SecretsManagerClient({
      endpoint: aws.guardUrl,
      region: aws.region,
      credentials,
      maxAttempts: 1,
    });
  bare = new SecretsManagerClient({
    endpoint: aws.endpoint,
    region: aws.region,
    credentials: aws.credentials,
    maxAttempts: 1,
  });
  // A real IAM user, whose signatures and policies the local AWS checks, unlike its root's.
  const everything = 'arn:aws:secretsmanager:*:*:secret:*';
  client = connect(
    await callerAllowed(aws, [
      { Effect: 'Allow', Action: 'secretsmanager:*', Resource: everything },
    ]),
  );
  restricted = connect(
    await callerAllowed(aws, [
      {
        Effect: 'Allow',
        Action: 'secretsmanager:*',
        Resource: 'arn:aws:secretsmanager:*:*:secret:mine/*',
      },
    ]),
  );
}, 120_000);

afterAll(async () => {
  client?.destroy();
  restricted?.destroy();
  bare?.destroy();
  await aws?.stop();
  rmSync(stateDir, { recursive: true, force: true });
});

const newName = (prefix = 'litellm') => `${prefix}/${randomUUID()}`;
const create = (
  from: SecretsManagerClient,
  name: string,
  value: string,
  token: string = randomUUID(),
) =>
  from.send(
    new CreateSecretCommand({ Name: name, SecretString: value, ClientRequestToken: token }),
  );
const put = (
  from: SecretsManagerClient,
  name: string,
  value: string,
  token: string = randomUUID(),
) =>
  from.send(
    new PutSecretValueCommand({ SecretId: name, SecretString: value, ClientRequestToken: token }),
  );
const valueOf = async (name: string) =>
  (await client.send(new GetSecretValueCommand({ SecretId: name }))).SecretString;

const inject = (fault: object) =>
  fetch(`${aws.guardUrl}/_guard/fault`, { method: 'POST', body: JSON.stringify(fault) });
/** Whether no answer comes; the call is given up after a moment, as a handler would. */
const isUnanswered = async (call: (abortSignal: AbortSignal) => Promise<unknown>) => {
  const outcome = await call(AbortSignal.timeout(700)).then(
    () => 'answered',
    (error: Error) => error.name,
  );
  return outcome === 'AbortError' || outcome === 'TimeoutError';
};

describe('Secrets Manager behind the guard', () => {
  holdTo(
    secretsManagerCases(() => client),
    guardedDivergences,
  );
  holdTo(
    secretsManagerLimitsCases(() => client),
    guardedLimitDivergences,
  );
});

describe('Secrets Manager of the local AWS without the guard', () => {
  holdTo(
    secretsManagerCases(() => bare),
    bareDivergences,
  );
  holdTo(
    secretsManagerLimitsCases(() => bare),
    bareLimitDivergences,
  );
});

describe('IAM behind the guard', () => {
  const denied = expect.objectContaining({ name: 'AccessDeniedException' });

  test('lets a caller do what its policy allows', async () => {
    const name = newName('mine');
    await create(restricted, name, 'one');
    await put(restricted, name, 'two');
    expect(await valueOf(name)).toBe('two');
  });

  test('refuses a name outside the policy, new or taken', async () => {
    const name = newName('other');
    await expect(create(restricted, name, 'one')).rejects.toEqual(denied);
    await create(client, name, 'one');
    await expect(create(restricted, name, 'one')).rejects.toEqual(denied);
    await expect(put(restricted, name, 'two')).rejects.toEqual(denied);
    expect(await valueOf(name)).toBe('one');
  });

  test('refuses a repeat that the guard would answer by itself', async () => {
    const [name, token] = [newName('other'), randomUUID()];
    await create(client, name, 'one', token);
    await expect(put(restricted, name, 'one', token)).rejects.toEqual(denied);
    await expect(put(restricted, name, 'two', token)).rejects.toEqual(denied);
  });

  test('refuses a rotation, and leaves the secret without a function', async () => {
    const name = newName('other');
    await create(client, name, 'one');
    const rotate = (from: SecretsManagerClient, RotationLambdaARN?: string) =>
      from.send(
        new RotateSecretCommand({
          SecretId: name,
          ClientRequestToken: randomUUID(),
          RotationLambdaARN,
        }),
      );
    await expect(rotate(restricted, `arn:aws:lambda:${aws.region}:1:function:f`)).rejects.toEqual(
      denied,
    );
    await expect(rotate(client)).rejects.toMatchObject({ name: 'InvalidRequestException' });
  });

  test('refuses a wrong secret access key', async () => {
    const { accessKeyId } = await client.config.credentials();
    const impostor = new SecretsManagerClient({
      endpoint: aws.guardUrl,
      region: aws.region,
      credentials: { accessKeyId, secretAccessKey: 'guessed' },
      maxAttempts: 1,
    });
    const name = newName();
    await expect(create(impostor, name, 'one')).rejects.toThrow(/signature/i);
    await expect(valueOf(name)).rejects.toThrow(/can't find/);
  });
});

describe('injected faults', () => {
  afterEach(async () => {
    await fetch(`${aws.guardUrl}/_guard/fault`, { method: 'DELETE' });
  });
  test('refuse: AccessDenied without effect, as often as asked', async () => {
    const name = newName();
    await inject({ operation: 'CreateSecret', mode: 'refuse', times: 2 });
    for (const _ of [1, 2])
      await expect(create(client, name, 'one')).rejects.toThrow(/Injected refusal/);
    await create(client, name, 'three');
    expect(await valueOf(name)).toBe('three');
  });

  test('throttle: ThrottlingException without effect', async () => {
    const name = newName();
    await create(client, name, 'one');
    await inject({ operation: 'PutSecretValue', mode: 'throttle' });
    await expect(put(client, name, 'two')).rejects.toMatchObject({ name: 'ThrottlingException' });
    expect(await valueOf(name)).toBe('one');
  });

  test('hang: no answer, no effect, and later calls are not held up', async () => {
    const name = newName();
    await create(client, name, 'one');
    await inject({ operation: 'PutSecretValue', mode: 'hang' });
    const command = new PutSecretValueCommand({ SecretId: name, SecretString: 'two' });
    expect(await isUnanswered((abortSignal) => client.send(command, { abortSignal }))).toBe(true);
    expect(await valueOf(name)).toBe('one');
  });

  test('lose-answer: no answer, but the effect; a repeat with the token is a success', async () => {
    const [name, token] = [newName(), randomUUID()];
    await inject({ operation: 'CreateSecret', mode: 'lose-answer', about: name });
    const command = new CreateSecretCommand({
      Name: name,
      SecretString: 'one',
      ClientRequestToken: token,
    });
    expect(await isUnanswered((abortSignal) => client.send(command, { abortSignal }))).toBe(true);
    expect(await valueOf(name)).toBe('one');
    expect(await create(client, name, 'one', token)).toMatchObject({ VersionId: token });
  });

  test('hits only the named secret and operation, and can be cleared', async () => {
    const [hit, other] = [newName(), newName()];
    await inject({ operation: '*', mode: 'refuse', about: hit, times: 9 });
    await create(client, other, 'one');
    await expect(create(client, hit, 'one')).rejects.toThrow(/Injected refusal/);
    await fetch(`${aws.guardUrl}/_guard/fault`, { method: 'DELETE' });
    await create(client, hit, 'one');
    expect(await (await fetch(`${aws.guardUrl}/_guard/fault`)).json()).toEqual([]);
  });

  test('an unknown mode is refused', async () => {
    expect((await inject({ operation: 'CreateSecret', mode: 'explode' })).status).toBe(400);
  });
});

test('a creation that a dying guard left half done is finished by the next one', async () => {
  const [name, token] = [newName(), randomUUID()];
  const direct = new SecretsManagerClient({
    endpoint: aws.endpoint,
    region: aws.region,
    credentials: aws.credentials,
  });
  await direct.send(
    new CreateSecretCommand({
      Name: name,
      SecretString: 'one',
      Description: `guard:${token} of team x`,
    }),
  );
  const next = await startSecretsGuard({ upstream: aws.endpoint, parent: aws.pid });
  await next.stop();
  const { Description, VersionIdsToStages } = await direct.send(
    new DescribeSecretCommand({ SecretId: name }),
  );
  expect({ Description, VersionIdsToStages }).toEqual({
    Description: 'of team x',
    VersionIdsToStages: { [token]: ['AWSCURRENT'] },
  });
  expect(await valueOf(name)).toBe('one');
});
