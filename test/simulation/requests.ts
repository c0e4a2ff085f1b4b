/** What clients send. */
import { tokenHash } from '../../lambdas/shared/domain/key-format.ts';
import type { Sent } from '../fakes/service.ts';
import type { Known } from './ledger.ts';
import type { Action, Name } from './scenario.ts';

/** An address that SES takes no mail for. */
export const badAddress = 'gone@example.com';
export const goodAddress = 'owner@example.com';

interface Asked {
  readonly sent: Sent;
  /** What it is about, and how the request names that. */
  readonly targets: readonly { readonly keyId: string; readonly name: string }[];
}

/** The request for an action; `mark` tells it from all others. */
export function requestFor(action: Action, known: readonly Known[], mark: string): Asked {
  const keyAt = (index: number): Known => {
    const key = known[index % known.length];
    if (key === undefined) throw new Error('No key is known');
    return key;
  };
  const named = (index: number, by: Name) => {
    const { keyId, values } = keyAt(index);
    const value = values.at(-1) ?? '';
    return { keyId, name: by === 'id' ? keyId : by === 'hash' ? tokenHash(value) : value };
  };
  const severalOf = ({ keys, name }: { readonly keys: readonly number[]; readonly name: Name }) =>
    [...new Set(keys.map((index) => index % known.length))].map((index) => named(index, name));
  const post = (path: string, body: object, targets: Asked['targets'] = []): Asked => ({
    sent: { path, body },
    targets,
  });
  switch (action.do) {
    case 'generate':
      return post('/key/generate', {
        ...(action.alias === null ? {} : { key_alias: aliasAt(action.alias) }),
        ...(action.isMailed
          ? {
              user_email: action.isBadAddress ? badAddress : goodAddress,
              send_invite_email: true,
            }
          : {}),
        ...(action.isMirrored ? {} : { store_secret: false }),
        ...(action.isRotated ? { auto_rotate: true, rotation_interval: '1d' } : {}),
        ...(action.isShortLived ? { duration: '90s' } : {}),
        ...(action.custom === null ? {} : { key: customAt(action.custom) }),
        metadata: { mark },
      });
    case 'update': {
      const target = named(action.key, action.name);
      return post('/key/update', { key: target.name, metadata: { mark } }, [target]);
    }
    case 'rename': {
      const target = named(action.key, action.name);
      const key_alias = action.alias === null ? null : aliasAt(action.alias);
      return post('/key/update', { key: target.name, key_alias, metadata: { mark } }, [target]);
    }
    case 'regenerate': {
      const target = named(action.key, action.name);
      const { alias, grace, custom } = action;
      return post(
        '/key/regenerate',
        {
          key: target.name,
          ...(grace === null ? {} : { grace_period: grace }),
          ...(alias === null ? {} : { key_alias: alias < 0 ? null : aliasAt(alias) }),
          ...(custom === null ? {} : { new_key: customAt(custom) }),
        },
        [target],
      );
    }
    case 'block':
    case 'unblock': {
      const target = named(action.key, action.name);
      return post(`/key/${action.do}`, { key: target.name }, [target]);
    }
    case 'reset-spend': {
      const { keyId } = keyAt(action.key);
      return post(`/key/${keyId}/reset_spend`, { reset_to: 0 }, [{ keyId, name: keyId }]);
    }
    case 'delete': {
      const targets = severalOf(action);
      return post('/key/delete', { keys: targets.map(({ name }) => name) }, targets);
    }
    case 'bulk-update': {
      const targets = severalOf(action);
      const changes = targets.map(({ name }) => ({ key: name, max_budget: mark.length }));
      return post('/key/bulk_update', { keys: changes }, targets);
    }
    case 'verify': {
      const { keyId, values } = keyAt(action.key);
      const name = values[action.value % values.length] ?? '';
      return post('/key/verify', { key: name }, [{ keyId, name }]);
    }
    case 'look': {
      const { keyId } = keyAt(action.key);
      const looks = [
        `/key/info?key=${keyId}`,
        '/key/list?return_full_object=true',
        '/key/aliases',
        `/audit?key_id=${keyId}`,
      ];
      const path = looks[action.at];
      const targets = [{ keyId, name: keyId }];
      if (path !== undefined) return { sent: { method: 'GET', path }, targets };
      return action.at % 2 === 0
        ? post('/v2/key/info', { keys: [keyId] }, targets)
        : post('/key/health', {}, targets);
    }
  }
}

const aliasAt = (index: number): string => `alias-${index}`;
const customAt = (index: number): string => `sk-custom-${index}-0123456789`;
