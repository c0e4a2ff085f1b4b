/** Whatever is sent: an ordinary user's keys never get more than they have, and nothing breaks. */
import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { fieldRules } from '../../lambdas/shared/domain/key-fields.ts';
import { keyTypes, userRoles } from '../../lambdas/shared/domain/key-row.ts';
import { startedService } from '../fakes/service.ts';
import { ask, atRest, issue, rowOf } from './fixtures/calls.ts';

const something = fc.oneof(
  fc.constantFrom(null, true, false, 0, -1, 1e9, '', '*', 'gpt-4o', '30d', '-1', [], {}),
  fc.jsonValue({ maxDepth: 2 }),
);
const likely: Readonly<Record<string, fc.Arbitrary<unknown>>> = {
  user_role: fc.constantFrom(...userRoles),
  key_type: fc.constantFrom(...keyTypes),
  max_budget: fc.constantFrom(0, 4, 5, 6, 1e6, null),
  spend: fc.constantFrom(0, 1),
  tpm_limit: fc.constantFrom(0, 9, 10, 11, null),
  models: fc.constantFrom(['cheap'], ['dear'], ['cheap', 'dear'], [], ['*']),
  duration: fc.constantFrom('1s', '1h', '10d', '100d', null, '-1'),
  user_id: fc.constantFrom('ada', 'bob', null, ''),
  team_id: fc.constantFrom('t', 'other', null, ''),
  allowed_routes: fc.constantFrom([], ['*'], ['/key/generate']),
  permissions: fc.constantFrom({}, { all: true }),
  metadata: fc.constantFrom({}, { allow_litellm_changed_by_header: true }, { guardrails: [] }),
  blocked: fc.boolean(),
};
/** Of rows and images: what no request names. */
const foreign = ['status', 'seq', 'rev', 'keyId', 'created_by', 'cur', 'prev', '__proto__'];
const one = fc.oneof(
  fc.tuple(fc.constantFrom(...Object.keys(fieldRules), ...foreign), something),
  ...Object.entries(likely).map(([name, value]) => fc.tuple(fc.constant(name), value)),
);
const harmless = fc.constantFrom({}, { rpm_limit: 1 }, { tpm_limit: 5 }, { duration: '1h' });
const fields = fc
  .tuple(harmless, fc.array(one, { minLength: 1, maxLength: 2 }))
  .map(([good, more]) => ({ ...good, ...Object.fromEntries(more) }));

describe.each(['/key/update', '/key/regenerate'])('%s by an ordinary user', (path) => {
  it('never widens its key, whatever else the body has', async () => {
    let changed = 0;
    await fc.assert(
      fc.asyncProperty(fields, async (body) => {
        const service = await startedService();
        const admin = await issue(service, { user_id: 'ada', user_role: 'proxy_admin' });
        const { key, key_id } = await issue(
          service,
          {
            user_id: 'ada',
            team_id: 't',
            max_budget: 5,
            spend: 3,
            tpm_limit: 10,
            models: ['cheap'],
            duration: '10d',
            guardrails: ['watch'],
          },
          admin.key,
        );
        const before = rowOf(service, key_id);
        const { status } = await ask(service, { path, key, body: { ...body, key } });
        expect(status).toBeLessThan(500);
        if (status === 200) changed += 1;
        const after = rowOf(service, key_id);
        expect(after.key).toMatchObject({
          max_budget: 5,
          spend: 3,
          user_id: 'ada',
          team_id: 't',
          permissions: {},
          allowed_routes: [],
          created_by: 'ada',
        });
        expect([after.key.user_role, after.key.key_type, after.status, after.blocked]).toEqual([
          before.key.user_role,
          before.key.key_type,
          'active',
          false,
        ]);
        expect(after.key.tpm_limit).toBeLessThanOrEqual(10);
        expect(after.key.models).toEqual(['cheap']);
        expect(String(after.expires) <= String(before.expires)).toBe(true);
        expect(after.key.metadata).toMatchObject({ guardrails: ['watch'] });
        expect(after.key.metadata).not.toHaveProperty('allow_litellm_changed_by_header');
        expect(after.seq).toBe(status === 200 ? 2 : 1);
      }),
      { numRuns: 150, seed: 4242 },
    );
    expect(changed).toBeGreaterThan(20);
  });
});

describe('an admin', () => {
  const bodies = fc.oneof(
    fields,
    fc.tuple(fields, fields).map(([some, more]) => ({ ...some, ...more })),
    fc.dictionary(
      fc.constantFrom(
        'key',
        'keys',
        'key_aliases',
        'key_alias',
        'reset_to',
        'grace_period',
        'new_key',
      ),
      fc.oneof(something, fc.string({ unit: 'binary' }), fc.array(fc.string(), { maxLength: 2 })),
    ),
    fc.jsonValue({ maxDepth: 2 }),
  );
  const paths = [
    '/key/update',
    '/key/regenerate',
    '/key/ID/regenerate',
    '/key/ID/reset_spend',
    '/key/block',
    '/key/unblock',
    '/key/delete',
  ];

  it('who sends anything gets no 5xx, and leaves every store in order', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.constantFrom(...paths),
        fc.array(bodies, { minLength: 1, maxLength: 3 }),
        fc.boolean(),
        async (path, sent, isNamed) => {
          const service = await startedService();
          const { key_id } = await issue(service, { key_alias: 'a', spend: 3 });
          for (const [index, body] of sent.entries()) {
            const named =
              isNamed && typeof body === 'object' && !Array.isArray(body)
                ? { ...body, key: key_id, keys: [key_id] }
                : body;
            const { status } = await ask(service, {
              path: path.replace('ID', key_id),
              headers: { 'idempotency-key': `${index}` },
              body: named ?? undefined,
            });
            expect(status).toBeLessThan(500);
          }
          expect(await atRest(service)).toEqual([]);
        },
      ),
      { numRuns: 150, seed: 99 },
    );
  });
});
