/**
 * The Kubernetes operator bbdsoftware/litellm-operator, resource VirtualKey, after its
 * internal/litellm/{litellm,litellm_virtualkey}.go and internal/controller/virtualkey/virtualkey_controller.go. It
 * finds a key by its alias, compares it with what is wanted, and repairs what differs.
 */
import { describe, expect, it } from 'vitest';
import * as z from 'zod/mini';
import { masterKey, send } from '../e2e/api-client.ts';

interface VirtualKey {
  readonly key_alias: string;
  readonly user_id?: string;
  readonly team_id?: string;
  readonly models?: readonly string[];
  readonly max_budget?: number;
  readonly budget_duration?: string;
  readonly rpm_limit?: number;
  readonly metadata?: Readonly<Record<string, string>>;
}

// Go takes null, and an absent member, for the type's empty value; any other type fails the whole.
const text = z.nullish(z.string());
const number = z.nullish(z.number());
const whole = z.nullish(z.int());
const texts = z.nullish(z.array(z.string()));
const map = z.nullish(z.record(z.string(), z.string()));
const virtualKey = z.object({
  aliases: map,
  allowed_cache_controls: texts,
  allowed_routes: texts,
  blocked: z.nullish(z.boolean()),
  budget_duration: text,
  budget_id: text,
  budget_reset_at: text,
  config: map,
  created_at: text,
  created_by: text,
  duration: text,
  enforced_params: texts,
  expires: text,
  guardrails: texts,
  key: text,
  key_alias: text,
  key_name: text,
  litellm_budget_table: text,
  max_budget: number,
  max_parallel_requests: whole,
  metadata: map,
  models: texts,
  permissions: map,
  rpm_limit: whole,
  spend: number,
  tags: texts,
  team_id: text,
  token: text,
  token_id: text,
  tpm_limit: whole,
  updated_at: text,
  updated_by: text,
  user_id: text,
});
const aliasList = z.object({ keys: z.array(z.string()) });
const failure = z.object({
  error: z.object({ message: z.string(), type: text, param: text, code: z.string() }),
});

async function request(method: 'GET' | 'POST', path: string, body?: object): Promise<unknown> {
  const headers = { 'content-type': 'application/json', authorization: `Bearer ${masterKey}` };
  const answer = await send({ method, path, headers, body });
  if (answer.status === 200) return answer.body;
  throw new Error(`litellm request failed: ${failure.parse(answer.body).error.message}`);
}

/** One round of its loop: what it had to do. */
async function reconcile(desired: VirtualKey): Promise<'created' | 'repaired' | 'in order'> {
  const path = `/key/list?key_alias=${desired.key_alias}`;
  const [found] = aliasList.parse(await request('GET', path)).keys;
  if (found === undefined) {
    const made = virtualKey.parse(await request('POST', '/key/generate', desired));
    expect(made).toMatchObject({ key: expect.stringMatching(/^sk-/), token: expect.anything() });
    return 'created';
  }
  const shown = z.object({ info: virtualKey });
  const { info: observed } = shown.parse(await request('GET', `/key/info?key=${found}`));
  if (!differs(observed, desired)) return 'in order';
  const key = observed.token ?? '';
  const body = { ...desired, ...(key === '' ? {} : { key }) };
  virtualKey.parse(await request('POST', '/key/update', body));
  return 'repaired';
}

const unset = {
  aliases: {},
  allowed_cache_controls: [],
  allowed_routes: [],
  blocked: false,
  budget_duration: '',
  budget_id: '',
  config: {},
  duration: '',
  enforced_params: [],
  guardrails: [],
  max_budget: 0,
  max_parallel_requests: 0,
  models: [],
  permissions: {},
  rpm_limit: 0,
  tags: [],
  team_id: '',
  tpm_limit: 0,
  user_id: '',
} as const;

/** It compares all that it can set but the metadata; empty and none are the same to it. */
function differs(observed: z.infer<typeof virtualKey>, desired: VirtualKey): boolean {
  const seen = new Map<string, unknown>(Object.entries(observed));
  return Object.entries({ ...unset, ...desired }).some(([name, wanted]) => {
    const value = seen.get(name);
    if (name === 'metadata') return false;
    if (isEmpty(wanted)) return !isEmpty(value);
    return JSON.stringify(value) !== JSON.stringify(wanted);
  });
}

const isEmpty = (value: unknown): boolean =>
  !value || (typeof value === 'object' && Object.keys(value).length === 0);

const destroy = (alias: string) => request('POST', '/key/delete', { key_aliases: [alias] });

describe('litellm-operator', () => {
  const desired = {
    key_alias: 'operator-full',
    user_id: 'ada',
    team_id: 'team-a',
    models: ['gpt-4o'],
    max_budget: 10.5,
    budget_duration: '30d',
    rpm_limit: 60,
    metadata: { owner: 'platform' },
  };

  it('finds by its alias, at once and in order, what it made', async () => {
    expect(await reconcile(desired)).toBe('created');
    expect(await reconcile(desired)).toBe('in order');
  });

  it('repairs what differs, and then finds it in order', async () => {
    const changed = { ...desired, max_budget: 20, models: ['gpt-4o', 'mistral'] };
    expect(await reconcile(changed)).toBe('repaired');
    expect(await reconcile(changed)).toBe('in order');
  });

  it('deletes by alias, and makes the key anew where it was deleted by others', async () => {
    await destroy('operator-full');
    expect(await reconcile(desired)).toBe('created');
  });

  it('finds a key without settings in order', async () => {
    expect(await reconcile({ key_alias: 'operator-least' })).toBe('created');
    expect(await reconcile({ key_alias: 'operator-least' })).toBe('in order');
  });

  it('reads every refusal as one error of texts', async () => {
    await expect(reconcile({ key_alias: 'x', budget_duration: 'monthly' })).rejects.toThrow(
      /litellm request failed: .*budget_duration/,
    );
    await expect(destroy('operator-never')).rejects.toThrow(/litellm request failed: ./);
  });
});
