/**
 * better-auth's API-key plugin on `node:sqlite` behind a bare HTTP server, called as its documentation
 * has a server call it: `node server.mjs <port> <file or :memory:>`. It asks for no key of the caller.
 */
import { createServer } from 'node:http';
import { DatabaseSync } from 'node:sqlite';
import { text } from 'node:stream/consumers';
import { apiKey } from '@better-auth/api-key';
import { betterAuth } from 'better-auth';
import { getMigrations } from 'better-auth/db/migration';

const [port, file] = process.argv.slice(2);
const database = new DatabaseSync(file);
// A row is on the disk when its transaction ends; in memory neither means anything.
database.exec('PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL');

const options = {
  database,
  baseURL: `http://127.0.0.1:${port}`,
  secret: 'only-for-this-benchmark-and-of-no-use',
  telemetry: { enabled: false },
  // By default a key may be checked ten times a day.
  plugins: [apiKey({ enableMetadata: true, rateLimit: { enabled: false } })],
};
const { runMigrations } = await getMigrations(options);
await runMigrations();
const auth = betterAuth(options);
const { internalAdapter } = await auth.$context;
const { id: userId } = await internalAdapter.createUser({ name: 'Ada', email: 'ada@example.com' });

const routes = {
  '/create': (body) => auth.api.createApiKey({ body: { ...body, userId } }),
  '/verify': (body) => auth.api.verifyApiKey({ body }),
};

createServer(async (incoming, outgoing) => {
  const send = (status, body) =>
    outgoing
      .writeHead(status, { 'content-type': 'application/json' })
      .end(typeof body === 'string' ? body : JSON.stringify(body));
  try {
    const given = JSON.parse(await text(incoming));
    send(200, await routes[incoming.url](given));
  } catch (error) {
    send(500, { error: String(error) });
  }
}).listen(Number(port), '127.0.0.1');
