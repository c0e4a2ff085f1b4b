import { describe, expect, it } from 'vitest';
import { tokenHash } from '../../lambdas/shared/domain/key-format.ts';
import { startedService } from '../fakes/service.ts';

describe('generate-key', () => {
  it('stores the key in both stores and tells it once', async () => {
    const service = await startedService();
    const { status, body } = await service.generate({ key_alias: 'alpha', max_budget: 5 });
    expect(status).toBe(200);
    expect(body.key).toMatch(/^sk-lk_/);
    expect(body.token).toBe(tokenHash(body.key));
    expect(service.secrets.current('litellm/alpha')).toBe(body.key);
    const row = service.table.row(body.key_id);
    expect(row).toMatchObject({ status: 'active', intent: null, seq: 1, alias: 'alpha' });
    expect(JSON.stringify([...service.table.items.values()])).not.toContain(body.key);
  });
});
