/** Keys for services, which belong to a team and to no person, on the deployed stack. */
import { describe, expect, it } from 'vitest';
import { issuedKeyAnswer } from '../../lambdas/shared/http/key-schema.ts';
import { expectAgreement } from './agreement.ts';
import { issued, post, regenerate, self } from './api-client.ts';
import { secretOf } from './local-aws.ts';
import { actionsOf } from './trail.ts';

const generateForService = (body: unknown, key?: string) =>
  post('/key/service-account/generate', body, key);

describe("a service account's key", async () => {
  const { status, body } = await generateForService({
    key_alias: 'service/one',
    team_id: 'engines',
    user_id: 'ada',
  });

  it('has a team and an id of its own, and no person', async () => {
    expect(status).toBe(200);
    expect(issuedKeyAnswer.parse(body)).toEqual(body);
    expect(body).toMatchObject({
      team_id: 'engines',
      user_id: null,
      metadata: { service_account_id: expect.any(String) },
    });
    expect((await self(body.key)).body.info.team_id).toBe('engines');
  });

  it('is mirrored and rotated like any other', async () => {
    const rotated = await regenerate({ key: body.key_id });
    expect(rotated.status).toBe(200);
    expect((await secretOf('litellm/service/one'))?.tags).toMatchObject({ team_id: 'engines' });
    await expectAgreement(body.key_id);
    expect(await actionsOf(body.key_id)).toEqual(['created', 'rotated']);
  });
});

it('is refused without a team, and to everybody but admins', async () => {
  const { status, body } = await generateForService({});
  expect(status).toBe(400);
  expect(body.error.param).toBe('team_id');
  const user = await issued({ user_id: 'somebody' });
  expect((await generateForService({ team_id: 'engines' }, user.key)).status).toBe(403);
});
