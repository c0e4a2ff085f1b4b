import { randomUUID } from 'node:crypto';
import { expect } from 'vitest';
import type { SecretRepairs, SecretStaging, Secrets } from '../../lambdas/shared/domain/ports.ts';
import type { Suite } from './suite.ts';

const limitMs = 5000;
const newName = () => `litellm/port-${randomUUID()}`;

/** The mirror as the protocol sees it: outcomes, not exceptions. */
export const secretsCases = (make: () => Secrets & SecretRepairs & SecretStaging) => {
  const create = (name: string, value: string, token: string = randomUUID()) =>
    make().create({ name, value, token, tags: { key_id: 'k1' } }, limitMs);
  const describeIt = (secretId: string) => make().describe(secretId, limitMs);
  const remove = (secretId: string) => make().remove(secretId, limitMs);
  const putTombstone = (secretId: string, token: string) =>
    make().putTombstone(secretId, token, limitMs);
  /** A secret of two versions, the second current. */
  const twoVersions = async () => {
    const [name, one, two] = [newName(), randomUUID(), randomUUID()];
    const created = await create(name, 'one', one);
    if (created.kind !== 'done') throw new Error(created.kind);
    await putTombstone(name, two);
    await make().moveCurrent(name, one, two, limitMs);
    return { name, one, two, arn: created.arn };
  };

  return ({ test }: Suite): void => {
    test('a created secret is read by version, and described with its tags', async () => {
      const [name, token] = [newName(), randomUUID()];
      const created = await create(name, 'one', token);
      expect(created).toEqual({ kind: 'done', arn: expect.stringContaining(name) });
      expect(await make().read(name, token, limitMs)).toEqual({ kind: 'done', value: 'one' });
      expect(await describeIt(name)).toEqual({
        kind: 'done',
        arn: 'arn' in created ? created.arn : '',
        isScheduled: false,
        stages: { [token]: ['AWSCURRENT'] },
        tags: { key_id: 'k1' },
      });
    });

    test('a repeat with the same token and value is done, and tells the same ARN', async () => {
      const [name, token] = [newName(), randomUUID()];
      const first = await create(name, 'one', token);
      expect(await create(name, 'one', token)).toEqual(first);
    });

    test('a taken name exists, under any token and value', async () => {
      const [name, token] = [newName(), randomUUID()];
      await create(name, 'one', token);
      expect(await create(name, 'one')).toMatchObject({ kind: 'exists' });
      expect(await create(name, 'two', token)).toMatchObject({ kind: 'exists' });
      expect(await make().read(name, token, limitMs)).toEqual({ kind: 'done', value: 'one' });
    });

    test('a name that the service does not take is refused', async () => {
      expect(await create('a b', 'one')).toMatchObject({ kind: 'refused' });
      expect(await create(newName(), 'one', 'short')).toMatchObject({ kind: 'refused' });
    });

    test('what is not there is absent: secret and version', async () => {
      const missing = newName();
      const absent = { kind: 'absent', reason: 'ResourceNotFoundException' };
      expect(await make().read(missing, randomUUID(), limitMs)).toEqual(absent);
      expect(await describeIt(missing)).toEqual(absent);
      expect(await remove(missing)).toEqual(absent);
      expect(await make().restore(missing, limitMs)).toEqual(absent);
      expect(await putTombstone(missing, randomUUID())).toEqual(absent);
      const name = newName();
      await create(name, 'one');
      expect(await make().read(name, randomUUID(), limitMs)).toEqual(absent);
    });

    test('a tombstone leaves AWSCURRENT alone and closes its token to any value', async () => {
      const [name, one, token] = [newName(), randomUUID(), randomUUID()];
      await create(name, 'one', one);
      expect(await putTombstone(name, token)).toMatchObject({ kind: 'done' });
      expect(await putTombstone(name, token)).toMatchObject({ kind: 'done' });
      expect(await describeIt(name)).toMatchObject({
        stages: { [one]: ['AWSCURRENT'], [token]: ['LATCHKEY_VOID'] },
      });
    });

    test('a tombstone under the token of a stored value exists, and the value stays', async () => {
      const [name, one] = [newName(), randomUUID()];
      await create(name, 'one', one);
      expect(await putTombstone(name, one)).toMatchObject({ kind: 'exists' });
      expect(await make().read(name, one, limitMs)).toEqual({ kind: 'done', value: 'one' });
    });

    test('a removed secret is scheduled for all but describe and restore', async () => {
      const [name, one] = [newName(), randomUUID()];
      await create(name, 'one', one);
      expect(await remove(name)).toMatchObject({ kind: 'done' });
      const scheduled = { kind: 'scheduled', reason: 'InvalidRequestException' };
      expect(await create(name, 'two')).toEqual(scheduled);
      expect(await create(name, 'one', one)).toEqual(scheduled);
      expect(await make().read(name, one, limitMs)).toEqual(scheduled);
      expect(await putTombstone(name, randomUUID())).toEqual(scheduled);
      expect(await remove(name)).toEqual(scheduled);
      expect(await describeIt(name)).toMatchObject({ kind: 'done', isScheduled: true });
    });

    test('a removal is done once; after that it is scheduled, by name and by ARN', async () => {
      const name = newName();
      const created = await create(name, 'one');
      const arn = 'arn' in created ? created.arn : '';
      expect(await remove(arn)).toEqual({ kind: 'done', arn });
      for (const id of [arn, name]) {
        expect(await remove(id)).toEqual({ kind: 'scheduled', reason: 'InvalidRequestException' });
      }
      await make().restore(arn, limitMs);
      expect(await remove(name)).toEqual({ kind: 'done', arn });
    });

    test('a removal of what was never there is absent, by name and by ARN', async () => {
      const missing = newName();
      const created = await create(newName(), 'one');
      const other = 'arn' in created ? created.arn.replace(/-[^-]*$/, '-AbCdEf') : '';
      const absent = { kind: 'absent', reason: 'ResourceNotFoundException' };
      for (const id of [missing, other]) expect(await remove(id)).toEqual(absent);
    });

    test('restore makes a removed secret live again as it was', async () => {
      const { name, one, two, arn } = await twoVersions();
      const before = await describeIt(name);
      await remove(arn);
      expect(await make().restore(arn, limitMs)).toEqual({ kind: 'done', arn });
      expect(await describeIt(arn)).toEqual(before);
      expect(before).toMatchObject({
        stages: {
          [one]: ['AWSPREVIOUS'],
          [two]: expect.arrayContaining(['AWSCURRENT', 'LATCHKEY_VOID']),
        },
      });
    });

    test('AWSCURRENT moves from the version it is on, and from no other', async () => {
      const { name, one, two } = await twoVersions();
      expect(await make().moveCurrent(name, one, two, limitMs)).toMatchObject({ kind: 'refused' });
      expect(await make().moveCurrent(name, two, one, limitMs)).toMatchObject({ kind: 'done' });
      expect(await describeIt(name)).toMatchObject({
        stages: {
          [one]: ['AWSCURRENT'],
          [two]: expect.arrayContaining(['AWSPREVIOUS', 'LATCHKEY_VOID']),
        },
      });
    });

    test('a staged value is read by version, and AWSCURRENT stays until it is moved there', async () => {
      const [name, one, two] = [newName(), randomUUID(), randomUUID()];
      await create(name, 'one', one);
      expect(await make().stage(name, 'two', two, limitMs)).toMatchObject({ kind: 'done' });
      expect(await make().stage(name, 'two', two, limitMs)).toMatchObject({ kind: 'done' });
      expect(await make().stage(name, 'other', two, limitMs)).toMatchObject({ kind: 'exists' });
      expect(await make().read(name, two, limitMs)).toEqual({ kind: 'done', value: 'two' });
      expect(await describeIt(name)).toMatchObject({
        stages: { [one]: ['AWSCURRENT'], [two]: ['AWSPENDING'] },
      });
      expect(await make().moveCurrent(name, one, two, limitMs)).toMatchObject({ kind: 'done' });
      expect(await describeIt(name)).toMatchObject({
        stages: { [one]: ['AWSPREVIOUS'], [two]: ['AWSCURRENT'] },
      });
    });

    test('AWSPENDING comes off its version', async () => {
      const [name, one, two] = [newName(), randomUUID(), randomUUID()];
      await create(name, 'one', one);
      await make().stage(name, 'two', two, limitMs);
      expect(await make().unstage(name, two, limitMs)).toMatchObject({ kind: 'done' });
      const found = await describeIt(name);
      const labels = found.kind === 'done' ? Object.values(found.stages).flat() : [];
      expect(labels).toEqual(['AWSCURRENT']);
      expect(await make().unstage(name, two, limitMs)).toMatchObject({ kind: 'refused' });
    });

    test('AWSPREVIOUS comes off its version, which stays readable', async () => {
      const { name, one, two } = await twoVersions();
      expect(await make().dropPrevious(name, two, limitMs)).toMatchObject({ kind: 'refused' });
      expect(await make().dropPrevious(name, one, limitMs)).toMatchObject({ kind: 'done' });
      const described = await describeIt(name);
      expect('stages' in described && Object.values(described.stages).flat()).not.toContain(
        'AWSPREVIOUS',
      );
      expect(await make().read(name, one, limitMs)).toEqual({ kind: 'done', value: 'one' });
    });

    test('a call without time is not sent', async () => {
      const name = newName();
      const notSent = { kind: 'unanswered', reason: 'NotSent' };
      const secret = { name, value: 'one', token: randomUUID(), tags: {} };
      expect(await make().create(secret, 0)).toEqual(notSent);
      expect(await make().describe(name, 0)).toEqual(notSent);
      expect(await describeIt(name)).toMatchObject({ kind: 'absent' });
    });
  };
};
