/** Rotations that Secrets Manager drives: its four steps, what they refuse, and what they leave. */
import { describe, expect, it } from 'vitest';
import type { Settings } from '../../lambdas/shared/domain/settings.ts';
import type { RotationEvent } from '../fakes/secrets-manager.ts';
import { startedService } from '../fakes/service.ts';
import { actionsOf, ask, atRest, isLetIn, issue, recordOf, rowOf } from './fixtures/calls.ts';

const name = 'litellm/a';

/** A service with a key whose secret Secrets Manager has begun to rotate. */
async function begun(fields: object = {}, settings: Partial<Settings> = {}) {
  const service = await startedService(settings);
  const born = await issue(service, { key_alias: 'a', user_email: 'o@example.com', ...fields });
  const version = service.beginRotation(name);
  const secretOf = () => {
    const secret = service.secrets.service.stored(name);
    if (secret === null) throw new Error('There is no secret');
    return secret;
  };
  return {
    service,
    born,
    version,
    secret: secretOf(),
    labelsOf: (id: string) => [...(secretOf().versions.get(id)?.stages ?? [])].sort(),
    valueOf: (id: string) => secretOf().versions.get(id)?.value ?? null,
    step: (Step: RotationEvent['Step'], changes: Partial<RotationEvent> = {}) =>
      service.takeStep({ Step, SecretId: secretOf().arn, ClientRequestToken: version, ...changes }),
  };
}

const refused = (type: string) => expect.objectContaining({ type });

describe('a rotation by Secrets Manager', () => {
  it('gives the key a new value, in the same secret, and ends the old one', async () => {
    const { service, born, version, labelsOf, valueOf } = await begun();
    const before = rowOf(service, born.key_id);
    expect(await service.takeSteps(name)).toHaveLength(4);
    const row = rowOf(service, born.key_id);
    expect(labelsOf(version)).toEqual(['AWSCURRENT']);
    expect(row).toMatchObject({ intent: null, prev: null, secretArn: before.secretArn, alias: 'a' });
    expect(row.cur.ver).toBe(version);
    expect(await isLetIn(service, valueOf(version) ?? '')).toBe(true);
    expect(await isLetIn(service, born.key)).toBe(false);
    expect(await actionsOf(service, born.key_id)).toEqual(['created', 'rotated']);
    expect(await recordOf(service, born.key_id)).toMatchObject({ changed_by: 'secrets_manager' });
    expect(service.mailer.inbox.map(({ subject }) => subject)).toEqual([
      expect.stringContaining('Rotated'),
    ]);
    expect(row.key).toMatchObject({ rotation_count: 1, last_rotation_at: expect.any(String) });
    expect(await atRest(service)).toEqual([]);
  });
});
