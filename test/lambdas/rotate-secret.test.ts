/** Rotations that Secrets Manager drives: its four steps, what they refuse, and what they leave. */
import { SecretsManagerClient } from '@aws-sdk/client-secrets-manager';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { handler } from '../../lambdas/rotate-secret/handler.ts';
import { secretReads } from '../../lambdas/shared/adapters/secret-reads.ts';
import { newKey } from '../../lambdas/shared/domain/key-format.ts';
import type { KeyRow } from '../../lambdas/shared/domain/key-row.ts';
import type { Settings } from '../../lambdas/shared/domain/settings.ts';
import { rotateSecret } from '../../lambdas/shared/protocol/rotate-secret.ts';
import type { RotationEvent } from '../fakes/secrets-manager.ts';
import { masterSecret, startedService } from '../fakes/service.ts';
import { FaultyProcess } from '../faults/fault-port.ts';
import { faultyStores } from '../faults/faulty-stores.ts';
import { settingsWith } from '../fixtures/settings.ts';
import {
  actionsOf,
  ask,
  atRest,
  isLetIn,
  issue,
  recordOf,
  rowOf,
  untouched,
} from './fixtures/calls.ts';
import { cannedAws } from './fixtures/canned-aws.ts';

const name = 'litellm/a';
const fence = ({ settings, clock }: Awaited<ReturnType<typeof startedService>>) =>
  clock.pass((settings.timing.fenceSeconds + 1) * 1000);

/** A service with a key whose secret Secrets Manager has begun to rotate. */
async function begun(fields: object = {}, settings: Partial<Settings> = {}) {
  const service = await startedService(settings);
  const born = await issue(service, { key_alias: 'a', user_email: 'o@example.com', ...fields });
  const version = service.beginRotation(name);
  const secret = service.secrets.service.stored(name);
  if (secret === null) throw new Error('There is no secret');
  const versionOf = (id: string) => service.secrets.service.stored(name)?.versions.get(id);
  return {
    service,
    born,
    version,
    labelsOf: (id: string) => [...(versionOf(id)?.stages ?? [])].sort(),
    valueOf: (id: string) => versionOf(id)?.value ?? null,
    row: () => rowOf(service, born.key_id),
    step: (Step: RotationEvent['Step'], changes: Partial<RotationEvent> = {}) =>
      service.takeStep({ Step, SecretId: secret.arn, ClientRequestToken: version, ...changes }),
  };
}

type Begun = Awaited<ReturnType<typeof begun>>;

/** As far as the value is set. */
async function set(fields: object = {}, settings: Partial<Settings> = {}) {
  const rotation = await begun(fields, settings);
  await rotation.step('createSecret');
  await rotation.step('setSecret');
  return rotation;
}

/** Does something before the next write of the table. */
function beforeCommit({ table }: Begun['service'], work: () => Promise<void>): void {
  const commit = table.commit.bind(table);
  table.commit = async (...call) => {
    table.commit = commit;
    await work();
    return commit(...call);
  };
}

const saying = (message: string) =>
  expect.objectContaining({ message: expect.stringContaining(message) });

describe('a rotation by Secrets Manager', () => {
  it('gives the key a new value, in the same secret, and ends the old one', async () => {
    const { service, born, version, labelsOf, valueOf, row } = await begun();
    const before = row();
    expect(await service.takeSteps(name)).toHaveLength(4);
    expect(labelsOf(version)).toEqual(['AWSCURRENT']);
    expect(labelsOf(before.cur.ver ?? '')).toEqual(['AWSPREVIOUS']);
    expect(row()).toMatchObject({ intent: null, prev: null, secretArn: before.secretArn });
    expect(row().cur.ver).toBe(version);
    expect(await isLetIn(service, valueOf(version) ?? '')).toBe(true);
    expect(await isLetIn(service, born.key)).toBe(false);
    expect(await atRest(service)).toEqual([]);
  });

  it('is audited once, by Secrets Manager, with the version, and told to the owner', async () => {
    const { service, born, version, row } = await begun();
    await service.takeSteps(name);
    expect(await actionsOf(service, born.key_id)).toEqual(['created', 'rotated']);
    expect(await recordOf(service, born.key_id)).toMatchObject({
      changed_by: 'secrets_manager',
      operation_id: version,
      who: expect.objectContaining({ principal: 'secrets_manager', settled_by: null }),
    });
    const told = service.mailer.inbox.filter(({ subject }) => subject.includes('Rotated'));
    expect(told).toHaveLength(1);
    const last_rotation_at = service.now().toISOString();
    expect(row().key).toMatchObject({ rotation_count: 1, last_rotation_at });
  });

  it("lets the old value in for the environment's grace period", async () => {
    const gracePeriod = { standard: '1h', limit: '7d' };
    const { service, born } = await begun({}, { gracePeriod });
    await service.takeSteps(name);
    expect(await isLetIn(service, born.key)).toBe(true);
    service.clock.advance(3_600_000);
    expect(await isLetIn(service, born.key)).toBe(false);
  });

  it('takes the place of one on schedule that is overdue, and leaves one that is not', async () => {
    const scheduled = { auto_rotate: true, rotation_interval: '10d' };
    const { service, row } = await begun(scheduled);
    const { key_rotation_at } = row().key;
    await service.takeSteps(name);
    expect(row().key.key_rotation_at).toBe(key_rotation_at);
    service.clock.advance(864_000_000);
    service.beginRotation(name);
    await service.takeSteps(name);
    expect((await service.rotate()).KeysRotated).toBe(0);
    expect(row().key.rotation_count).toBe(2);
  });

  it('can be followed by another, and by a regenerate in between', async () => {
    const { service, born } = await begun();
    await service.takeSteps(name);
    const again = await ask(service, { path: '/key/regenerate', body: { key: born.key_id } });
    expect(again.status).toBe(200);
    service.beginRotation(name);
    await service.takeSteps(name);
    expect(await actionsOf(service, born.key_id)).toEqual([
      'created',
      ...Array.from({ length: 3 }, () => 'rotated'),
    ]);
    expect(await atRest(service)).toEqual([]);
  });

  it('lets the new value in from setSecret on, and no sooner', async () => {
    const { service, born, version, valueOf, step } = await begun();
    await step('createSecret');
    expect(await isLetIn(service, valueOf(version) ?? '')).toBe(false);
    await step('setSecret');
    expect(await isLetIn(service, valueOf(version) ?? '')).toBe(true);
    expect(await isLetIn(service, born.key)).toBe(true);
    expect(await actionsOf(service, born.key_id)).toEqual(['created']);
  });
});

describe('a step that is repeated', () => {
  it('createSecret keeps the value that it stored', async () => {
    const { version, valueOf, step } = await begun();
    await step('createSecret');
    const value = valueOf(version);
    await step('createSecret');
    expect(valueOf(version)).toBe(value);
  });

  it.each(['createSecret', 'setSecret', 'testSecret'] as const)(
    '%s changes nothing once the value is set',
    async (Step) => {
      const { service, step } = await set();
      await untouched(service, () => step(Step));
    },
  );

  it.each(['createSecret', 'setSecret', 'testSecret', 'finishSecret'] as const)(
    '%s changes nothing once the rotation is over',
    async (Step) => {
      const { service, step } = await set();
      await step('finishSecret');
      await untouched(service, () => step(Step));
    },
  );

  it('createSecret takes the value that a copy of it stored in between', async () => {
    const { service, version, valueOf, step } = await begun();
    const stage = service.secrets.stage.bind(service.secrets);
    service.secrets.stage = async (...call) => {
      service.secrets.stage = stage;
      await step('createSecret');
      return stage(...call);
    };
    await step('createSecret');
    expect(valueOf(version)).not.toBeNull();
    await service.takeSteps(name);
    expect(await atRest(service)).toEqual([]);
  });

  it('setSecret keeps a change that came in between', async () => {
    const { service, born, step, row } = await begun();
    await step('createSecret');
    beforeCommit(service, async () => {
      await ask(service, { path: '/key/update', body: { key: born.key_id, tpm_limit: 7 } });
    });
    await step('setSecret');
    await step('finishSecret');
    expect(row().key.tpm_limit).toBe(7);
    expect(await atRest(service)).toEqual([]);
  });

  it('finishSecret goes on where the label was moved and the answer got lost', async () => {
    const { service, version, step, row, labelsOf } = await set();
    service.secrets.trouble('lost-answer');
    await expect(step('finishSecret')).rejects.toThrow();
    expect(labelsOf(version)).toEqual(['AWSCURRENT']);
    await step('finishSecret');
    expect(row()).toMatchObject({ intent: null, cur: { ver: version } });
  });
});

describe('what is refused changes nothing', () => {
  const unchanged = async ({ service }: Begun, work: () => Promise<unknown>, message: string) => {
    await untouched(service, () => expect(work()).rejects.toEqual(saying(message)));
  };

  it.each(['createSecret', 'setSecret', 'testSecret', 'finishSecret'] as const)(
    '%s for a version that is not staged',
    async (Step) => {
      const rotation = await begun();
      const ClientRequestToken = 'f'.repeat(36);
      const work = () => rotation.step(Step, { ClientRequestToken });
      await unchanged(rotation, work, 'not staged');
    },
  );

  it('a secret of another environment, though it carries the id of a key', async () => {
    const rotation = await begun();
    rotation.service.secrets.service.tagResource({
      SecretId: name,
      Tags: [{ Key: 'latchkey:env', Value: 'other' }],
    });
    await unchanged(rotation, () => rotation.step('createSecret'), 'No key of this environment');
  });

  it('a secret without tags', async () => {
    const rotation = await begun();
    const { service } = rotation.service.secrets;
    const { ARN } = service.createSecret({
      Name: 'litellm/foreign',
      SecretString: 'theirs',
      ClientRequestToken: 'a'.repeat(36),
    });
    service.rotateSecret({
      SecretId: ARN,
      ClientRequestToken: 'b'.repeat(36),
      RotationLambdaARN: 'arn',
    });
    const changes = { SecretId: ARN, ClientRequestToken: 'b'.repeat(36) };
    const work = () => rotation.step('createSecret', changes);
    await unchanged(rotation, work, 'No key of this environment');
  });

  it('a secret that carries the id of a key which names another one', async () => {
    const rotation = await begun();
    const { settings, secrets } = rotation.service;
    const { service } = secrets;
    const { ARN } = service.createSecret({
      Name: 'litellm/copy',
      SecretString: 'copied',
      ClientRequestToken: 'a'.repeat(36),
      Tags: [
        { Key: 'latchkey:env', Value: settings.environment },
        { Key: 'key_id', Value: rotation.born.key_id },
      ],
    });
    service.rotateSecret({
      SecretId: ARN,
      ClientRequestToken: 'b'.repeat(36),
      RotationLambdaARN: 'arn',
    });
    const changes = { SecretId: ARN, ClientRequestToken: 'b'.repeat(36) };
    const work = () => rotation.step('createSecret', changes);
    await unchanged(rotation, work, 'No key of this environment');
  });

  const becoming: readonly [string, string, (rotation: Begun) => Promise<unknown>][] = [
    [
      'blocked',
      'blocked',
      ({ service, born }) => ask(service, { path: '/key/block', body: { key: born.key_id } }),
    ],
    ['expired', 'expired', async ({ service }) => service.clock.advance(3_600_000)],
    [
      'being changed',
      'under way',
      async ({ service, born }) => {
        service.secrets.trouble('unanswered', 'unanswered');
        await ask(service, { path: '/key/regenerate', body: { key: born.key_id } });
      },
    ],
    [
      'within a grace period',
      'grace period',
      ({ service, born }) =>
        ask(service, {
          path: '/key/regenerate',
          body: { key: born.key_id, grace_period: '30m' },
        }),
    ],
    [
      'deleted',
      'No key is known',
      ({ service, born }) => ask(service, { path: '/key/delete', body: { keys: [born.key_id] } }),
    ],
    [
      'given twenty values today',
      '20 times a day',
      async ({ service, born }) => {
        const row = rowOf(service, born.key_id);
        const stores = { day: service.now().toISOString().slice(0, 10), count: 20 };
        await rewritten(service, { ...row, stores });
      },
    ],
  ];
  const rewritten = (service: Begun['service'], row: KeyRow) =>
    service.table.commit(
      [{ kind: 'replace-row', row: { ...row, rev: row.rev + 1 } }],
      service.random.uuid(),
      1000,
    );

  it.each(becoming)('a key that is %s', async (_, message, change) => {
    for (const Step of ['createSecret', 'setSecret'] as const) {
      const rotation = await begun({ duration: '1h' });
      if (Step === 'setSecret') await rotation.step('createSecret');
      await change(rotation);
      await unchanged(rotation, () => rotation.step(Step), message);
      expect(rotation.row().intent?.ver).not.toBe(rotation.version);
    }
  });

  it('the admin key', async () => {
    const service = await startedService();
    await service.provisionAdminSecret();
    service.beginRotation(masterSecret);
    await untouched(service, () =>
      expect(service.takeSteps(masterSecret)).rejects.toEqual(saying('admin key')),
    );
  });

  it('setSecret without a value', async () => {
    const rotation = await begun();
    await unchanged(rotation, () => rotation.step('setSecret'), 'no value yet');
  });

  it('finishSecret without setSecret', async () => {
    const rotation = await begun();
    await rotation.step('createSecret');
    await unchanged(rotation, () => rotation.step('finishSecret'), 'has not been set');
  });

  it('testSecret of a value that is not let in', async () => {
    const rotation = await begun();
    await rotation.step('createSecret');
    await unchanged(rotation, () => rotation.step('testSecret'), 'Authentication failed');
  });

  it('testSecret of a key that was blocked meanwhile', async () => {
    const rotation = await set();
    const { service, born } = rotation;
    await ask(service, { path: '/key/block', body: { key: born.key_id } });
    await unchanged(rotation, () => rotation.step('testSecret'), 'blocked');
  });

  it('finishSecret that the reconciler has claimed', async () => {
    const rotation = await set();
    const { service, step } = rotation;
    service.secrets.trouble('unanswered');
    await fence(service);
    await service.repair();
    await unchanged(rotation, () => step('finishSecret'), 'did not answer');
    expect(await atRest(service)).toEqual([]);
  });
});

it('a rotation that is only configured is tested with the present value', async () => {
  const { service, born, version, step } = await begun();
  service.secrets.service.putSecretValue({
    SecretId: name,
    SecretString: born.key,
    ClientRequestToken: version,
    VersionStages: ['AWSPENDING'],
  });
  await untouched(service, () => step('testSecret'));
});

describe('a staged value that cannot be this key’s', () => {
  it.each([
    ['a text', () => 'anything'],
    ['a chosen value', () => 'sk-chosen-0123456789abcdef'],
    [
      'the value of another key',
      (random: Begun['service']['random']) => newKey('A'.repeat(17), random.bytes),
    ],
  ])('is not let in, and not left staged: %s', async (_, valueBy) => {
    const { service, version, step, labelsOf, row } = await begun();
    const value = valueBy(service.random);
    service.secrets.service.putSecretValue({
      SecretId: name,
      SecretString: value,
      ClientRequestToken: version,
      VersionStages: ['AWSPENDING'],
    });
    await expect(step('setSecret')).rejects.toEqual(saying('not for this key'));
    expect(row().intent).toBeNull();
    expect(await isLetIn(service, value)).toBe(false);
    expect(labelsOf(version)).toEqual([]);
    service.beginRotation(name);
    expect(await service.takeSteps(name)).toHaveLength(4);
  });

  it('may be bytes: those are read as no value of ours, are not left staged, and hold nothing up', async () => {
    const { service, version, step, labelsOf } = await begun();
    service.secrets.service.putSecretValue({
      SecretId: name,
      SecretString: 'bytes',
      ClientRequestToken: version,
      VersionStages: ['AWSPENDING'],
    });
    const { config } = await cannedAws({ status: 200, body: { SecretBinary: 'Ynl0ZXM=' } });
    const reads = secretReads(new SecretsManagerClient(config));
    service.secrets.read = (...call) => reads.read(...call);
    await expect(step('createSecret')).rejects.toEqual(saying('not for this key'));
    Reflect.deleteProperty(service.secrets, 'read');
    expect(labelsOf(version)).toEqual([]);
    service.beginRotation(name);
    expect(await service.takeSteps(name)).toHaveLength(4);
  });

  it('is one that it had before', async () => {
    const { service, version, born, step, row } = await begun();
    service.secrets.service.putSecretValue({
      SecretId: name,
      SecretString: born.key,
      ClientRequestToken: version,
      VersionStages: ['AWSPENDING'],
    });
    await expect(step('setSecret')).rejects.toEqual(saying('not for this key'));
    expect(row().intent).toBeNull();
    expect(await atRest(service)).toEqual([]);
  });

  it('of the last key with the name does not stop the next one’s rotation', async () => {
    const first = await begun();
    const { service } = first;
    await first.step('createSecret');
    await ask(service, { path: '/key/delete', body: { keys: [first.born.key_id] } });
    const next = await issue(service, { key_alias: 'a' });
    await expect(service.takeSteps(name)).rejects.toEqual(saying('not for this key'));
    service.beginRotation(name);
    expect(await service.takeSteps(name)).toHaveLength(4);
    expect(await actionsOf(service, next.key_id)).toEqual(['created', 'rotated']);
    expect(await atRest(service)).toEqual([]);
  });
});

describe('AWSCURRENT that is not on the version of the key', () => {
  it('is not moved by finishSecret, but by the reconciler', async () => {
    const { service, version, step, labelsOf, row } = await set();
    service.secrets.service.putSecretValue({
      SecretId: name,
      SecretString: 'by hand',
      ClientRequestToken: 'e'.repeat(36),
    });
    await expect(step('finishSecret')).rejects.toEqual(saying('did not answer'));
    expect(labelsOf('e'.repeat(36))).toEqual(['AWSCURRENT']);
    expect(await atRest(service)).toEqual([]);
    expect(labelsOf(version)).toEqual(['AWSCURRENT']);
    expect(row().cur.ver).toBe(version);
  });
});

describe('a rotation that Secrets Manager does not end', () => {
  it('is ended past the fence, by the reconciler for Secrets Manager', async () => {
    const { service, born, version, valueOf, labelsOf, step } = await set();
    await fence(service);
    expect(await service.repair()).toMatchObject({ Settled: 1 });
    expect(labelsOf(version)).toEqual(['AWSCURRENT']);
    expect(await isLetIn(service, valueOf(version) ?? '')).toBe(true);
    expect(await isLetIn(service, born.key)).toBe(false);
    expect(await recordOf(service, born.key_id)).toMatchObject({
      action: 'rotated',
      changed_by: 'secrets_manager',
      who: expect.objectContaining({ settled_by: 'system' }),
    });
    await untouched(service, () => step('finishSecret'));
    expect(await atRest(service)).toEqual([]);
  });

  it('is not touched before the fence, which finishSecret sets anew', async () => {
    const { service, step, row } = await set();
    const { fenceSeconds } = service.settings.timing;
    service.clock.advance((fenceSeconds - 1) * 1000);
    service.secrets.trouble('throttled');
    await expect(step('finishSecret')).rejects.toThrow();
    service.clock.advance((fenceSeconds - 1) * 1000);
    await service.repair();
    expect(row().intent?.claim).toBe(0);
  });

  it('leaves no tombstone in the place of its value', async () => {
    const { service, version, valueOf } = await set();
    const value = valueOf(version);
    await fence(service);
    await service.repair();
    expect(valueOf(version)).toBe(value);
    const versions = [...(service.secrets.service.stored(name)?.versions.values() ?? [])];
    expect(versions.flatMap(({ stages }) => [...stages])).not.toContain('LATCHKEY_VOID');
  });

  it('is put right where a release that does not know of it has settled it', async () => {
    const { service, version, valueOf, labelsOf, row } = await set();
    const { intent } = row();
    if (intent === null) throw new Error('Nothing is open');
    const { isStaged: _unknown, ...known } = intent;
    const writes = [
      { kind: 'replace-row', row: { ...row(), rev: row().rev + 1, intent: known } },
    ] as const;
    await service.table.commit(writes, service.random.uuid(), 1000);
    await fence(service);
    expect(await service.repair()).toMatchObject({ Settled: 1 });
    expect(row().cur.ver).toBe(version);
    expect(await atRest(service)).toEqual([]);
    expect(labelsOf(version)).toEqual(['AWSCURRENT']);
    expect(await isLetIn(service, valueOf(version) ?? '')).toBe(true);
    service.beginRotation(name);
    expect(await service.takeSteps(name)).toHaveLength(4);
  });

  it('is taken back where its version has lost its label', async () => {
    const { service, born, version, valueOf, row } = await set();
    service.secrets.service.updateSecretVersionStage({
      SecretId: name,
      VersionStage: 'AWSPENDING',
      RemoveFromVersionId: version,
    });
    await fence(service);
    expect(await service.repair()).toMatchObject({ Undone: 1 });
    expect(row().intent).toBeNull();
    expect(await isLetIn(service, born.key)).toBe(true);
    expect(await isLetIn(service, valueOf(version) ?? '')).toBe(false);
    expect(await actionsOf(service, born.key_id)).toEqual(['created']);
    service.beginRotation(name);
    expect(await service.takeSteps(name)).toHaveLength(4);
  });

  it('is taken back where its secret is gone for good', async () => {
    const { service, born, row } = await set();
    service.secrets.service.purge(name);
    await fence(service);
    expect(await service.repair()).toMatchObject({ Undone: 1 });
    expect(row().intent).toBeNull();
    expect(await isLetIn(service, born.key)).toBe(true);
  });

  it('is taken back where its secret is somebody else’s now, which stays as it is', async () => {
    const { service, version, row, labelsOf } = await set();
    service.secrets.service.tagResource({
      SecretId: name,
      Tags: [{ Key: 'latchkey:env', Value: 'other' }],
    });
    await fence(service);
    expect(await service.repair()).toMatchObject({ Undone: 1 });
    expect(row().intent).toBeNull();
    expect(labelsOf(version)).toEqual(['AWSPENDING']);
  });

  it('is ended once a secret that was scheduled for deletion is back', async () => {
    const { service, version, row } = await set();
    service.secrets.service.deleteSecret({ SecretId: name, RecoveryWindowInDays: 7 });
    await fence(service);
    expect(await service.repair()).toMatchObject({ Left: 1 });
    expect(await atRest(service)).toEqual([]);
    expect(row().cur.ver).toBe(version);
  });

  it('stays open where Secrets Manager does not tell, though AWSCURRENT has been moved', async () => {
    const { service, version, valueOf, step, row } = await set();
    service.secrets.trouble('lost-answer');
    await expect(step('finishSecret')).rejects.toThrow();
    await fence(service);
    const describing = new FaultyProcess(new Map([[4, 'timeout-before']]), service.clock, 0);
    const run = await service.repair(faultyStores(service.processStores, describing));
    expect([run.Left, describing.made[3]]).toEqual([1, 'describe']);
    expect(row().intent?.ver).toBe(version);
    expect(await isLetIn(service, valueOf(version) ?? '')).toBe(true);
    expect(await atRest(service)).toEqual([]);
    expect(row().cur.ver).toBe(version);
  });

  it.each(['throttled', 'refused', 'unanswered', 'lost-answer'] as const)(
    'stays open where the move of the label is %s',
    async (trouble) => {
      const { service, row, version } = await set();
      service.secrets.trouble(trouble);
      await fence(service);
      expect(await service.repair()).toMatchObject({ Left: 1 });
      expect(row().intent?.ver).toBe(version);
      expect(await atRest(service)).toEqual([]);
      expect(row().cur.ver).toBe(version);
    },
  );
});

describe('while a rotation is open', () => {
  it.each([
    ['a regenerate', '/key/regenerate', {}],
    ['a rename', '/key/update', { key_alias: 'b' }],
  ])('%s is refused', async (_, path, body) => {
    const { service, born } = await set();
    const answer = await ask(service, { path, body: { key: born.key_id, ...body } });
    expect(answer.status).toBe(409);
  });

  it('a delete ends the key with its secret, and both its values', async () => {
    const { service, born, version, valueOf, step } = await set();
    const value = valueOf(version) ?? '';
    await ask(service, { path: '/key/delete', body: { keys: [born.key_id] } });
    for (const Step of ['testSecret', 'finishSecret'] as const) {
      await expect(step(Step)).rejects.toThrow();
    }
    expect(await isLetIn(service, born.key)).toBe(false);
    expect(await isLetIn(service, value)).toBe(false);
    expect(await atRest(service)).toEqual([]);
    expect(service.secrets.service.stored(name)?.deletedAt).not.toBeNull();
  });

  it('a block and an update are kept by its end', async () => {
    const { service, born, step, row } = await set();
    await ask(service, { path: '/key/update', body: { key: born.key_id, tpm_limit: 7 } });
    await ask(service, { path: '/key/block', body: { key: born.key_id } });
    await step('finishSecret');
    expect(row()).toMatchObject({ blocked: true, intent: null, key: { tpm_limit: 7 } });
  });

  it('another rotation is refused by Secrets Manager, and goes on with the same version', async () => {
    const { service, version, row } = await set();
    expect(() => service.beginRotation(name)).toThrow('reattempted');
    await service.takeSteps(name);
    expect(row().cur.ver).toBe(version);
  });
});

it('has an event of its own, whatever token Secrets Manager was given', async () => {
  const service = await startedService();
  const keys = await Promise.all([
    issue(service, { key_alias: 'a', user_email: 'a@example.com' }),
    issue(service, { key_alias: 'b', user_email: 'b@example.com' }),
  ]);
  const ClientRequestToken = 'the same for all of them, and !? besides';
  for (const SecretId of ['litellm/a', 'litellm/b']) {
    service.secrets.service.rotateSecret({
      SecretId,
      ClientRequestToken,
      RotationLambdaARN: 'arn',
    });
    await service.takeSteps(SecretId);
  }
  await service.deliver();
  const told = service.mailer.inbox.filter(({ subject }) => subject.includes('Rotated'));
  expect(told.map(({ to }) => to)).toEqual(['a@example.com', 'b@example.com']);
  const ids = keys.map(({ key_id }) => rowOf(service, key_id).event.id);
  expect(new Set(ids).size).toBe(2);
  expect(ids).not.toContain(ClientRequestToken);
});

describe('a renamed key', () => {
  it('is not rotated by a setSecret that began before', async () => {
    const { service, born, step, row } = await begun();
    await step('createSecret');
    beforeCommit(service, async () => {
      await ask(service, { path: '/key/update', body: { key: born.key_id, key_alias: 'b' } });
    });
    await expect(step('setSecret')).rejects.toEqual(saying('No key of this environment'));
    expect(row()).toMatchObject({ intent: null, alias: 'b' });
    expect(await isLetIn(service, born.key)).toBe(true);
    expect(await atRest(service)).toEqual([]);
  });

  it('is not rotated by the schedule of its former secret', async () => {
    const { service, born, step, row } = await begun();
    await ask(service, { path: '/key/update', body: { key: born.key_id, key_alias: 'b' } });
    await expect(step('createSecret')).rejects.toEqual(saying('No key of this environment'));
    expect(row().intent).toBeNull();
    expect(await atRest(service)).toEqual([]);
  });
});

describe('calls made', () => {
  it.each([
    ['createSecret', ['describe', 'load', 'read', 'stage']],
    ['setSecret', ['describe', 'load', 'read', 'commit replace-row+create-pointer']],
    ['testSecret', ['describe', 'load', 'read']],
    [
      'finishSecret',
      ['describe', 'load', 'commit replace-row', 'move', 'commit replace-row+expire-pointer'],
    ],
  ] as const)('by %s', async (Step, calls) => {
    const { service } = await begun();
    for (const event of service.secrets.service.rotationEvents(name)) {
      const process = new FaultyProcess(new Map(), service.clock, 0);
      await service.takeStep(event, faultyStores(service.processStores, process));
      if (event.Step === Step) expect(process.made).toEqual(calls);
    }
  });
});

describe('the function', () => {
  afterEach(() => {
    vi.unstubAllEnvs();
    vi.restoreAllMocks();
  });

  it('logs which step failed and why, never which secret, for its name has the alias, and fails', async () => {
    const variables = {
      SETTINGS: JSON.stringify(settingsWith({})),
      KEYS_TABLE: 'keys',
      AWS_REGION: 'eu-central-1',
      AWS_ACCESS_KEY_ID: 'any',
      AWS_SECRET_ACCESS_KEY: 'any',
      // Nobody listens there.
      AWS_ENDPOINT_URL_SECRETS_MANAGER: 'http://127.0.0.1:9',
    };
    for (const [variable, value] of Object.entries(variables)) vi.stubEnv(variable, value);
    const lines: string[] = [];
    vi.spyOn(process.stdout, 'write').mockImplementation((line) => {
      lines.push(String(line));
      return true;
    });
    const event = { Step: 'setSecret', SecretId: 'arn:of-ada', ClientRequestToken: 'v'.repeat(32) };
    await expect(handler(event)).rejects.toEqual(saying('A store did not take the change'));
    expect(lines.map((line) => JSON.parse(line))).toEqual([
      {
        level: 'error',
        message: 'rotation step failed',
        operation: 'rotate-secret',
        step: 'setSecret',
        error: expect.stringContaining('A store did not take the change'),
        cause: expect.stringContaining('DescribeSecret unanswered'),
      },
    ]);
    expect(lines.join()).not.toContain('of-ada');
  });

  it('tells whose the secret is as soon as that is known, also of a step that fails', async () => {
    const { service, born, version } = await begun();
    const seen: string[] = [];
    const { random, now, settings, processStores } = service;
    const takeStep = rotateSecret({ ...processStores, random, now, settings });
    const call = { step: 'setSecret', secretId: name, version } as const;
    const told = takeStep(call, 'request-1', (keyId) => seen.push(keyId));
    await expect(told).rejects.toEqual(saying('has no value yet'));
    expect(seen).toEqual([born.key_id]);
  });

  it.each([
    [{}],
    [{ Step: 'dropSecret', SecretId: 'a', ClientRequestToken: 'b' }],
    [{ Step: 'createSecret', SecretId: 'a' }],
  ])('refuses what is no step of a rotation: %j', async (event) => {
    await expect(handler(event)).rejects.toThrow('invalid');
  });
});
