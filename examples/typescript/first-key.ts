/**
 * A key from TypeScript, by the types of the service's own description: it is made, looked up and deleted.
 * Against `npm start` of this repository: npm ci && npm run types && npm run check && npm start
 */
import createClient from 'openapi-fetch';
import type { paths } from './latchkey.d.ts';

const { LATCHKEY_URL = 'http://localhost:4000', LATCHKEY_ADMIN_KEY = 'sk-1234' } = process.env;

const latchkey = createClient<paths>({
  baseUrl: LATCHKEY_URL,
  headers: { Authorization: `Bearer ${LATCHKEY_ADMIN_KEY}` },
});

const made = await latchkey.POST('/key/generate', {
  body: { user_id: 'ada@example.com', models: ['gpt-4o'], max_budget: 50, duration: '30d' },
});
// What may be answered instead has a type too: of Latchkey, or of API Gateway in front of it.
if (made.error)
  throw new Error('error' in made.error ? made.error.error.message : made.error.message);
const { key_id, key, expires } = made.data;
console.log(`made ${key_id}, ${key.length} characters, until ${expires}`);

const shown = await latchkey.GET('/key/info', { params: { query: { key: key_id } } });
console.log(`it is ${shown.data?.info.status} and has spent ${shown.data?.info.spend}`);

const deleted = await latchkey.POST('/key/delete', { body: { keys: [key_id] } });
console.log(`deleted ${deleted.data?.deleted_keys.length} key`);
