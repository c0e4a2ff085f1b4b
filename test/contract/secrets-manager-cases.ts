import { randomUUID } from 'node:crypto';
import {
  CreateSecretCommand,
  DeleteSecretCommand,
  DescribeSecretCommand,
  GetSecretValueCommand,
  PutSecretValueCommand,
  RestoreSecretCommand,
  type SecretsManagerClient,
  UpdateSecretVersionStageCommand,
} from '@aws-sdk/client-secrets-manager';
import { describe, expect, test } from 'vitest';

const newName = () => `litellm/case-${randomUUID()}`;
const refused = (name: string) => expect.objectContaining({ name });

/**
 * What the two-store protocol assumes of Secrets Manager, as cases for any implementation that the real
 * SDK client can talk to: the local AWS behind its guard, a fake, or a real account.
 */
export function secretsManagerCases(makeClient: () => SecretsManagerClient): void {
  const create = (name: string, value: string, token: string = randomUUID()) =>
    makeClient().send(
      new CreateSecretCommand({ Name: name, SecretString: value, ClientRequestToken: token }),
    );
  const put = (secret: string, value: string, token: string = randomUUID(), stages?: string[]) =>
    makeClient().send(
      new PutSecretValueCommand({
        SecretId: secret,
        SecretString: value,
        ClientRequestToken: token,
        ...(stages && { VersionStages: stages }),
      }),
    );
  const get = (secret: string, which: { VersionId?: string; VersionStage?: string } = {}) =>
    makeClient().send(new GetSecretValueCommand({ SecretId: secret, ...which }));
  const look = (secret: string) =>
    makeClient().send(new DescribeSecretCommand({ SecretId: secret }));
  const remove = (secret: string) =>
    makeClient().send(new DeleteSecretCommand({ SecretId: secret, RecoveryWindowInDays: 7 }));
  const restore = (secret: string) =>
    makeClient().send(new RestoreSecretCommand({ SecretId: secret }));
  const moveCurrent = (secret: string, to: string, from?: string) =>
    makeClient().send(
      new UpdateSecretVersionStageCommand({
        SecretId: secret,
        VersionStage: 'AWSCURRENT',
        MoveToVersionId: to,
        RemoveFromVersionId: from,
      }),
    );
  const stagesOf = async (secret: string) => (await look(secret)).VersionIdsToStages;

  describe('CreateSecret', () => {
    test('takes the token as the id of the first version', async () => {
      const [name, token] = [newName(), randomUUID()];
      expect(await create(name, 'one', token)).toMatchObject({ Name: name, VersionId: token });
      expect(await stagesOf(name)).toEqual({ [token]: ['AWSCURRENT'] });
      expect(await get(name)).toMatchObject({ SecretString: 'one', VersionId: token });
      expect(await get(name, { VersionId: token })).toMatchObject({ SecretString: 'one' });
    });

    test('keeps description and tags as they were given', async () => {
      const name = newName();
      await makeClient().send(
        new CreateSecretCommand({
          Name: name,
          Description: 'a key of team x',
          SecretString: 'one',
          Tags: [{ Key: 'key_id', Value: 'k1' }],
        }),
      );
      const { Description, Tags } = await look(name);
      expect({ Description, Tags }).toEqual({
        Description: 'a key of team x',
        Tags: [{ Key: 'key_id', Value: 'k1' }],
      });
    });

    test('repeated with the same token and value is a success that changes nothing', async () => {
      const [name, token] = [newName(), randomUUID()];
      const first = await create(name, 'one', token);
      const again = await create(name, 'one', token);
      expect([again.ARN, again.VersionId]).toEqual([first.ARN, token]);
      expect(await stagesOf(name)).toEqual({ [token]: ['AWSCURRENT'] });
    });

    test('repeated later does not make its version current again', async () => {
      const [name, first, second] = [newName(), randomUUID(), randomUUID()];
      await create(name, 'one', first);
      await put(name, 'two', second);
      await create(name, 'one', first);
      expect(await stagesOf(name)).toEqual({ [first]: ['AWSPREVIOUS'], [second]: ['AWSCURRENT'] });
    });

    test('refuses the token with another value, and changes nothing', async () => {
      const [name, token] = [newName(), randomUUID()];
      await create(name, 'one', token);
      await expect(create(name, 'two', token)).rejects.toEqual(refused('ResourceExistsException'));
      expect(await get(name)).toMatchObject({ SecretString: 'one', VersionId: token });
    });

    test('refuses a name that exists', async () => {
      const name = newName();
      await create(name, 'one');
      await expect(create(name, 'one')).rejects.toEqual(refused('ResourceExistsException'));
    });

    test('refuses a name that is scheduled for deletion as an invalid request', async () => {
      const [name, token] = [newName(), randomUUID()];
      await create(name, 'one', token);
      await remove(name);
      await expect(create(name, 'two')).rejects.toEqual(refused('InvalidRequestException'));
      await expect(create(name, 'one', token)).rejects.toEqual(refused('InvalidRequestException'));
    });

    test.each(['a b', 'a#b', 'ключ', 'x'.repeat(513)])('refuses the name %j', async (name) => {
      await expect(create(name, 'one')).rejects.toEqual(refused('ValidationException'));
    });

    test('accepts a name of 512 characters and every allowed sign', async () => {
      const name = `${newName()}/A_+=.@-`;
      const longest = name + 'x'.repeat(512 - name.length);
      await expect(create(longest, 'one')).resolves.toMatchObject({ Name: longest });
    });

    test.each([31, 65])('refuses a token of %i characters', async (length) => {
      const name = newName();
      await expect(create(name, 'one', 't'.repeat(length))).rejects.toEqual(
        refused('InvalidParameterException'),
      );
      await expect(look(name)).rejects.toEqual(refused('ResourceNotFoundException'));
    });

    test.each([32, 64])('accepts a token of %i characters', async (length) => {
      const token = 't'.repeat(length);
      expect(await create(newName(), 'one', token)).toMatchObject({ VersionId: token });
    });

    test('of the same name at once stores exactly one value', async () => {
      const name = newName();
      const outcomes = await Promise.allSettled(
        ['a', 'b', 'c', 'd'].map((value) => create(name, value)),
      );
      expect(outcomes.filter(({ status }) => status === 'fulfilled')).toHaveLength(1);
      expect(Object.values((await stagesOf(name)) ?? {})).toEqual([['AWSCURRENT']]);
    });
  });

  describe('PutSecretValue', () => {
    test('makes the new version current and the one before it previous', async () => {
      const [name, one, two, three] = [newName(), randomUUID(), randomUUID(), randomUUID()];
      await create(name, 'one', one);
      await put(name, 'two', two);
      expect(await stagesOf(name)).toEqual({ [one]: ['AWSPREVIOUS'], [two]: ['AWSCURRENT'] });
      await put(name, 'three', three);
      expect(await stagesOf(name)).toEqual({ [two]: ['AWSPREVIOUS'], [three]: ['AWSCURRENT'] });
    });

    test('keeps a version that lost its last label readable by id', async () => {
      const [name, one] = [newName(), randomUUID()];
      await create(name, 'one', one);
      await put(name, 'two');
      await put(name, 'three');
      expect(await get(name, { VersionId: one })).toMatchObject({ SecretString: 'one' });
      await expect(put(name, 'other', one)).rejects.toEqual(refused('ResourceExistsException'));
    });

    test('repeated with the same token and value moves no label', async () => {
      const [name, one, two] = [newName(), randomUUID(), randomUUID()];
      await create(name, 'one', one);
      await put(name, 'two', two);
      const before = await stagesOf(name);
      expect(await put(name, 'two', two)).toMatchObject({
        VersionId: two,
        VersionStages: ['AWSCURRENT'],
      });
      expect(await put(name, 'one', one)).toMatchObject({
        VersionId: one,
        VersionStages: ['AWSPREVIOUS'],
      });
      expect(await stagesOf(name)).toEqual(before);
    });

    test('refuses the token with another value, and changes nothing', async () => {
      const [name, one, two] = [newName(), randomUUID(), randomUUID()];
      await create(name, 'one', one);
      await put(name, 'two', two);
      const before = await stagesOf(name);
      for (const token of [one, two]) {
        await expect(put(name, 'tombstone', token, ['LATCHKEY_VOID'])).rejects.toEqual(
          refused('ResourceExistsException'),
        );
      }
      expect(await stagesOf(name)).toEqual(before);
      expect(await get(name)).toMatchObject({ SecretString: 'two', VersionId: two });
      expect(await get(name, { VersionId: one })).toMatchObject({ SecretString: 'one' });
    });

    test('with only an own stage leaves AWSCURRENT and AWSPREVIOUS', async () => {
      const [name, one, two, own] = [newName(), randomUUID(), randomUUID(), randomUUID()];
      await create(name, 'one', one);
      await put(name, 'two', two);
      await put(name, 'tombstone', own, ['LATCHKEY_VOID']);
      expect(await stagesOf(name)).toEqual({
        [one]: ['AWSPREVIOUS'],
        [two]: ['AWSCURRENT'],
        [own]: ['LATCHKEY_VOID'],
      });
    });

    test('moves an own stage from the version that had it', async () => {
      const [name, one, first, second] = [newName(), randomUUID(), randomUUID(), randomUUID()];
      await create(name, 'one', one);
      await put(name, 'tombstone', first, ['LATCHKEY_VOID']);
      await put(name, 'tombstone', second, ['LATCHKEY_VOID']);
      expect(await stagesOf(name)).toEqual({ [one]: ['AWSCURRENT'], [second]: ['LATCHKEY_VOID'] });
    });

    test('after a tombstone under its token is refused for good', async () => {
      const [name, token] = [newName(), randomUUID()];
      await create(name, 'one');
      await put(name, 'tombstone', token, ['LATCHKEY_VOID']);
      await expect(put(name, 'late value', token)).rejects.toEqual(
        refused('ResourceExistsException'),
      );
      expect(await get(name)).toMatchObject({ SecretString: 'one' });
    });

    test('of one token and two values at once stores exactly one', async () => {
      const [name, token] = [newName(), randomUUID()];
      await create(name, 'one');
      const outcomes = await Promise.allSettled([put(name, 'a', token), put(name, 'b', token)]);
      expect(outcomes.map(({ status }) => status).sort()).toEqual(['fulfilled', 'rejected']);
    });

    test('works by ARN', async () => {
      const [name, token] = [newName(), randomUUID()];
      const { ARN = '' } = await create(name, 'one');
      await put(ARN, 'two', token);
      await expect(put(ARN, 'three', token)).rejects.toEqual(refused('ResourceExistsException'));
      expect(await get(ARN)).toMatchObject({ SecretString: 'two', VersionId: token });
    });

    test('refuses a secret that does not exist', async () => {
      await expect(put(newName(), 'one')).rejects.toEqual(refused('ResourceNotFoundException'));
    });

    test.each([31, 65])('refuses a token of %i characters', async (length) => {
      const name = newName();
      await create(name, 'one');
      await expect(put(name, 'two', 't'.repeat(length))).rejects.toEqual(
        refused('InvalidParameterException'),
      );
    });
  });

  describe('UpdateSecretVersionStage', () => {
    test('moves AWSCURRENT and makes the version it left previous', async () => {
      const [name, one, two] = [newName(), randomUUID(), randomUUID()];
      await create(name, 'one', one);
      await put(name, 'two', two);
      await moveCurrent(name, one, two);
      expect(await stagesOf(name)).toEqual({ [one]: ['AWSCURRENT'], [two]: ['AWSPREVIOUS'] });
    });

    test('refuses to move a label without naming the version it is on', async () => {
      const [name, one, two] = [newName(), randomUUID(), randomUUID()];
      await create(name, 'one', one);
      await put(name, 'two', two);
      await expect(moveCurrent(name, one)).rejects.toEqual(refused('InvalidParameterException'));
      expect(await get(name)).toMatchObject({ SecretString: 'two' });
    });
  });

  describe('a secret scheduled for deletion', () => {
    test('refuses every read and change without effect, and a second deletion', async () => {
      const [name, one, two] = [newName(), randomUUID(), randomUUID()];
      await create(name, 'one', one);
      await put(name, 'two', two);
      await remove(name);
      const invalid = refused('InvalidRequestException');
      await expect(get(name)).rejects.toEqual(invalid);
      await expect(put(name, 'three')).rejects.toEqual(invalid);
      await expect(put(name, 'two', two)).rejects.toEqual(invalid);
      await expect(moveCurrent(name, one, two)).rejects.toEqual(invalid);
      await expect(remove(name)).rejects.toEqual(invalid);
      expect((await look(name)).DeletedDate).toBeInstanceOf(Date);
    });

    test('keeps its ARN, labels, versions and ids when it is restored', async () => {
      const [name, one, two] = [newName(), randomUUID(), randomUUID()];
      const { ARN } = await create(name, 'one', one);
      await put(name, 'two', two);
      await remove(name);
      await restore(name);
      const { DeletedDate, ...restored } = await look(name);
      expect(DeletedDate).toBeUndefined();
      expect(restored.ARN).toBe(ARN);
      expect(restored.VersionIdsToStages).toEqual({
        [one]: ['AWSPREVIOUS'],
        [two]: ['AWSCURRENT'],
      });
      expect(await get(name, { VersionId: one })).toMatchObject({ SecretString: 'one' });
      await expect(put(name, 'other', two)).rejects.toEqual(refused('ResourceExistsException'));
    });
  });

  test('a secret that does not exist is not found by any call', async () => {
    const missing = refused('ResourceNotFoundException');
    for (const call of [get, look, remove, restore])
      await expect(call(newName())).rejects.toEqual(missing);
  });
}
