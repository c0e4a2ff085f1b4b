/** `POST /key/health`: whether the key that it is called with is let in. */
import { documentClient } from '../shared/adapters/clients.ts';
import { keyTable } from '../shared/adapters/table/key-table.ts';
import { readConfig, readSettings } from '../shared/config.ts';
import { ok } from '../shared/http/answer.ts';
import { api, type Route } from '../shared/http/api.ts';

export const route: Route<null> = {
  name: 'check-key',
  right: () => 'key.health',
  takesIdempotencyKey: false,
  parse: () => null,
  reads: () => ({}),
};

/** A caller who gets here is let in. No logging callback is called here, so none can be told to work. */
export const checkKey = async () => ok({ key: 'healthy', logging_callbacks: null });

export const handler = api(route, () => ({
  table: keyTable(documentClient, readConfig('KEYS_TABLE').KEYS_TABLE),
  settings: readSettings(),
  now: () => new Date(),
  operation: checkKey,
}));
