import { randomUUID } from 'node:crypto';
import type { SecretsManagerClient } from '@aws-sdk/client-secrets-manager';
import { expect } from 'vitest';
import { newName, refused, secretCalls } from './secret-calls.ts';
import type { Suite } from './suite.ts';

/**
 * What the two-store protocol assumes of Secrets Manager, as cases for any implementation that the real
 * SDK client can talk to: the local AWS behind its guard, a fake, or a real account.
 */
export const secretsManagerCases =
  (makeClient: () => SecretsManagerClient) =>
  (suite: Suite): void => {
    const { create, createEmpty, put, get, look, remove, restore, rotate, moveStage, stagesOf } =
      secretCalls(makeClient);
    /** The version's id: the token on AWS, which the cases of CreateSecret demand. */
    const createFirst = async (name: string, value: string): Promise<string> =>
      (await create(name, value)).VersionId ?? '';
    const moveCurrent = (secret: string, to: string, from?: string) =>
      moveStage(secret, 'AWSCURRENT', { to, ...(from && { from }) });

    suite.describe('CreateSecret', ({ test }) => {
      test('takes the token as the id of the first version', async () => {
        const [name, token] = [newName(), randomUUID()];
        expect(await create(name, 'one', token)).toMatchObject({ Name: name, VersionId: token });
        expect(await stagesOf(name)).toEqual({ [token]: ['AWSCURRENT'] });
        expect(await get(name)).toMatchObject({ SecretString: 'one', VersionId: token });
        expect(await get(name, { VersionId: token })).toMatchObject({ SecretString: 'one' });
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
        expect(await stagesOf(name)).toEqual({
          [first]: ['AWSPREVIOUS'],
          [second]: ['AWSCURRENT'],
        });
      });

      test('refuses the token with another value, and changes nothing', async () => {
        const [name, token] = [newName(), randomUUID()];
        await create(name, 'one', token);
        await expect(create(name, 'two', token)).rejects.toEqual(
          refused('ResourceExistsException'),
        );
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
        await expect(create(name, 'one', token)).rejects.toEqual(
          refused('InvalidRequestException'),
        );
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

    suite.describe('PutSecretValue', ({ test }) => {
      test('makes the new version current and the one before it previous', async () => {
        const [name, two, three] = [newName(), randomUUID(), randomUUID()];
        const one = await createFirst(name, 'one');
        await put(name, 'two', two);
        expect(await stagesOf(name)).toEqual({ [one]: ['AWSPREVIOUS'], [two]: ['AWSCURRENT'] });
        await put(name, 'three', three);
        expect(await stagesOf(name)).toEqual({ [two]: ['AWSPREVIOUS'], [three]: ['AWSCURRENT'] });
      });

      test('keeps a version that lost its last label readable by id', async () => {
        const name = newName();
        const one = await createFirst(name, 'one');
        await put(name, 'two');
        await put(name, 'three');
        expect(await get(name, { VersionId: one })).toMatchObject({ SecretString: 'one' });
        await expect(put(name, 'other', one)).rejects.toEqual(refused('ResourceExistsException'));
      });

      test('repeated with the same token and value moves no label', async () => {
        const [name, two] = [newName(), randomUUID()];
        const one = await createFirst(name, 'one');
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
        const [name, two] = [newName(), randomUUID()];
        const one = await createFirst(name, 'one');
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
        const [name, two, own] = [newName(), randomUUID(), randomUUID()];
        const one = await createFirst(name, 'one');
        await put(name, 'two', two);
        await put(name, 'tombstone', own, ['LATCHKEY_VOID']);
        expect(await stagesOf(name)).toEqual({
          [one]: ['AWSPREVIOUS'],
          [two]: ['AWSCURRENT'],
          [own]: ['LATCHKEY_VOID'],
        });
      });

      test('moves an own stage from the version that had it', async () => {
        const [name, first, second] = [newName(), randomUUID(), randomUUID()];
        const one = await createFirst(name, 'one');
        await put(name, 'tombstone', first, ['LATCHKEY_VOID']);
        await put(name, 'tombstone', second, ['LATCHKEY_VOID']);
        expect(await stagesOf(name)).toEqual({
          [one]: ['AWSCURRENT'],
          [second]: ['LATCHKEY_VOID'],
        });
      });

      test('into a secret without a value makes its version current whatever is asked', async () => {
        const [name, first] = [newName(), randomUUID()];
        await createEmpty(name);
        await expect(get(name)).rejects.toEqual(refused('ResourceNotFoundException'));
        await put(name, 'one', first, ['LATCHKEY_VOID']);
        expect((await stagesOf(name))?.[first]?.sort()).toEqual(['AWSCURRENT', 'LATCHKEY_VOID']);
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

      test('of two tokens at once keeps both values, one of them current', async () => {
        const [name, a, b] = [newName(), randomUUID(), randomUUID()];
        await create(name, 'one');
        await Promise.all([put(name, 'a', a), put(name, 'b', b)]);
        expect(await get(name, { VersionId: a })).toMatchObject({ SecretString: 'a' });
        expect(await get(name, { VersionId: b })).toMatchObject({ SecretString: 'b' });
        const { [a]: ofA, [b]: ofB } = (await stagesOf(name)) ?? {};
        expect([ofA, ofB].flat()).toEqual(expect.arrayContaining(['AWSCURRENT', 'AWSPREVIOUS']));
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
    });

    suite.describe('UpdateSecretVersionStage', ({ test }) => {
      test('moves AWSCURRENT and makes the version it left previous', async () => {
        const [name, two] = [newName(), randomUUID()];
        const one = await createFirst(name, 'one');
        await put(name, 'two', two);
        await moveCurrent(name, one, two);
        expect(await stagesOf(name)).toEqual({ [one]: ['AWSCURRENT'], [two]: ['AWSPREVIOUS'] });
      });

      test('refuses to move a label without naming the version it is on', async () => {
        const [name, two] = [newName(), randomUUID()];
        const one = await createFirst(name, 'one');
        await put(name, 'two', two);
        await expect(moveCurrent(name, one)).rejects.toEqual(refused('InvalidParameterException'));
        expect(await get(name)).toMatchObject({ SecretString: 'two' });
      });

      test('refuses to move a label from a version that does not have it', async () => {
        const [name, two, three] = [newName(), randomUUID(), randomUUID()];
        const one = await createFirst(name, 'one');
        await put(name, 'two', two);
        await put(name, 'three', three);
        await expect(moveCurrent(name, one, two)).rejects.toEqual(
          refused('InvalidParameterException'),
        );
        expect(await get(name)).toMatchObject({ SecretString: 'three' });
      });

      test('at once from one version to two others moves the label once', async () => {
        const [name, two, three] = [newName(), randomUUID(), randomUUID()];
        const one = await createFirst(name, 'one');
        await put(name, 'two', two, ['A']);
        await put(name, 'three', three, ['B']);
        const outcomes = await Promise.allSettled([
          moveCurrent(name, two, one),
          moveCurrent(name, three, one),
        ]);
        expect(outcomes.map(({ status }) => status).sort()).toEqual(['fulfilled', 'rejected']);
      });

      test('takes AWSPREVIOUS off its version', async () => {
        const [name, two] = [newName(), randomUUID()];
        const one = await createFirst(name, 'one');
        await put(name, 'two', two);
        await moveStage(name, 'AWSPREVIOUS', { from: one });
        expect(await stagesOf(name)).toEqual({ [two]: ['AWSCURRENT'] });
        expect(await get(name, { VersionId: one })).toMatchObject({ SecretString: 'one' });
      });

      test('refuses to take AWSCURRENT off without a version to move it to', async () => {
        const name = newName();
        const one = await createFirst(name, 'one');
        await expect(moveStage(name, 'AWSCURRENT', { from: one })).rejects.toEqual(
          refused('InvalidParameterException'),
        );
        expect(await stagesOf(name)).toEqual({ [one]: ['AWSCURRENT'] });
      });

      test('refuses a version that does not exist', async () => {
        const name = newName();
        const one = await createFirst(name, 'one');
        await expect(moveCurrent(name, randomUUID(), one)).rejects.toMatchObject({
          $fault: 'client',
        });
        expect(await stagesOf(name)).toEqual({ [one]: ['AWSCURRENT'] });
      });
    });

    suite.describe('RotateSecret', ({ test }) => {
      /** Of no function: the rotation goes no further than its first step. */
      const lambda = 'arn:aws:lambda:eu-central-1:000000000000:function:none';
      /** A secret with a version that has no value yet. */
      const begun = async () => {
        const [name, two] = [newName(), randomUUID()];
        const one = await createFirst(name, 'one');
        await rotate(name, two, lambda);
        return { name, one, two };
      };

      test('names the next version, which has no value, and leaves AWSCURRENT', async () => {
        const { name, one, two } = await begun();
        expect(await stagesOf(name)).toEqual({ [one]: ['AWSCURRENT'], [two]: ['AWSPENDING'] });
        for (const which of [{ VersionId: two }, { VersionStage: 'AWSPENDING' }]) {
          await expect(get(name, which)).rejects.toEqual(refused('ResourceNotFoundException'));
        }
        expect(await get(name)).toMatchObject({ SecretString: 'one' });
      });

      test('lets PutSecretValue give that version its value, once', async () => {
        const { name, one, two } = await begun();
        await put(name, 'two', two, ['AWSPENDING']);
        await put(name, 'two', two, ['AWSPENDING']);
        await expect(put(name, 'other', two, ['AWSPENDING'])).rejects.toEqual(
          refused('ResourceExistsException'),
        );
        expect(await stagesOf(name)).toEqual({ [one]: ['AWSCURRENT'], [two]: ['AWSPENDING'] });
        expect(await get(name, { VersionId: two, VersionStage: 'AWSPENDING' })).toMatchObject({
          SecretString: 'two',
        });
      });

      test('ends with AWSCURRENT on that version, which takes AWSPENDING off', async () => {
        const { name, one, two } = await begun();
        await put(name, 'two', two, ['AWSPENDING']);
        await moveCurrent(name, two, one);
        expect(await stagesOf(name)).toEqual({ [one]: ['AWSPREVIOUS'], [two]: ['AWSCURRENT'] });
        const three = randomUUID();
        await rotate(name, three);
        expect((await stagesOf(name))?.[three]).toEqual(['AWSPENDING']);
      });

      test('refuses while another one is under way', async () => {
        const { name, one, two } = await begun();
        await expect(rotate(name)).rejects.toEqual(refused('InvalidRequestException'));
        await put(name, 'two', two, ['AWSPENDING']);
        await expect(rotate(name)).rejects.toEqual(refused('InvalidRequestException'));
        await put(name, 'three');
        await expect(rotate(name)).rejects.toEqual(refused('InvalidRequestException'));
        expect(await stagesOf(name)).toMatchObject({
          [one]: ['AWSPREVIOUS'],
          [two]: ['AWSPENDING'],
        });
      });

      test('begins anew once AWSPENDING is taken off', async () => {
        const { name, two } = await begun();
        const three = randomUUID();
        await moveStage(name, 'AWSPENDING', { from: two });
        await rotate(name, three);
        expect((await stagesOf(name))?.[three]).toEqual(['AWSPENDING']);
      });

      test('begins anew where AWSPENDING was put on the current version', async () => {
        const [name, two] = [newName(), randomUUID()];
        const one = await createFirst(name, 'one');
        await moveStage(name, 'AWSPENDING', { to: one });
        await rotate(name, two, lambda);
        expect(await stagesOf(name)).toEqual({ [one]: ['AWSCURRENT'], [two]: ['AWSPENDING'] });
      });

      test('has AWSPENDING on one version', async () => {
        const { name, one, two } = await begun();
        const three = randomUUID();
        await put(name, 'two', two, ['AWSPENDING']);
        await put(name, 'three', three, ['AWSPENDING']);
        expect(await stagesOf(name)).toEqual({ [one]: ['AWSCURRENT'], [three]: ['AWSPENDING'] });
        await expect(moveStage(name, 'AWSPENDING', { to: two })).rejects.toEqual(
          refused('InvalidParameterException'),
        );
      });

      test('refuses a secret that no function was named for, and one scheduled for deletion', async () => {
        const name = newName();
        await create(name, 'one');
        await expect(rotate(name)).rejects.toEqual(refused('InvalidRequestException'));
        await remove(name);
        await expect(rotate(name, randomUUID(), lambda)).rejects.toEqual(
          refused('InvalidRequestException'),
        );
        await expect(rotate(newName(), randomUUID(), lambda)).rejects.toEqual(
          refused('ResourceNotFoundException'),
        );
      });
    });

    suite.describe('a secret scheduled for deletion', ({ test }) => {
      test('refuses every read and change without effect, and a second deletion', async () => {
        const [name, two] = [newName(), randomUUID()];
        const one = await createFirst(name, 'one');
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
        const [name, two] = [newName(), randomUUID()];
        const one = await createFirst(name, 'one');
        const { ARN } = await look(name);
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

    suite.describe('DeleteSecret', ({ test }) => {
      test('tells when the name is free again', async () => {
        const name = newName();
        await create(name, 'one');
        const { DeletionDate } = await remove(name, 7);
        const days = ((DeletionDate?.getTime() ?? 0) - Date.now()) / 86_400_000;
        expect(days).toBeGreaterThan(6.9);
        expect(days).toBeLessThan(7.1);
      });

      for (const days of [6, 31]) {
        test(`refuses a window of ${days} days`, async () => {
          const name = newName();
          await create(name, 'one');
          await expect(remove(name, days)).rejects.toEqual(refused('InvalidParameterException'));
          expect(await get(name)).toMatchObject({ SecretString: 'one' });
        });
      }
    });

    suite.test('a secret that does not exist is not found by any call', async () => {
      const missing = refused('ResourceNotFoundException');
      for (const call of [get, look, remove, restore])
        await expect(call(newName())).rejects.toEqual(missing);
    });
  };
