import { eventOf, type Happening } from './key-event.ts';
import { maskedName, masterKeyId, tokenHash } from './key-format.ts';
import type { KeyImage, KeyRow } from './key-row.ts';
import type { Randomness } from './ports.ts';
import { newSalt } from './salt.ts';
import { system } from './system-event.ts';

export interface AdminSecret {
  readonly name: string;
  readonly arn: string;
  readonly versionId: string;
  readonly value: string;
}

/** The admin key's row: a proxy admin under a fixed key id, created by `system`, in no list. */
export function adminRow(
  secret: AdminSecret,
  requestId: string,
  now: Date,
  random: Randomness,
): KeyRow {
  const token = tokenHash(secret.value);
  const at = now.toISOString();
  const image: KeyImage = {
    token,
    key_name: maskedName(secret.value),
    user_role: 'proxy_admin',
    spend: 0,
    models: [],
    aliases: {},
    config: {},
    permissions: {},
    metadata: {},
    allowed_routes: [],
    auto_rotate: false,
    rotation_count: 0,
    created_at: at,
    created_by: 'system',
    updated_at: at,
    updated_by: 'system',
  };
  const born = {
    v: 1,
    keyId: masterKeyId,
    status: 'active',
    blocked: false,
    expires: null,
    cur: { hash: token, ver: secret.versionId },
    prev: null,
    alias: null,
    secretName: secret.name,
    secretArn: secret.arn,
    first_token: token,
    rev: 1,
    salt: newSalt(random),
    intent: null,
    key: image,
  } as const;
  const happening: Happening = {
    id: random.uuid(),
    action: 'created',
    at,
    who: system,
    requestId,
    operationId: null,
    notify: null,
  };
  return { ...born, ...eventOf(null, born, happening, newSalt(random)) };
}
