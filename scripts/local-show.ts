/** `npm run local -- mails|audit|secrets`: what the running local environment has sent and stored. */
import * as z from 'zod/mini';
import { readDeployment } from './local/deployment-record.ts';
import { forwarder } from './local/forward.ts';
import { fromDynamo } from './local/from-dynamo.ts';
import { mustCall, type RootClient, rootClient } from './local/root-client.ts';
import { runningEndpoint } from './local/running-endpoint.ts';
import { sentMails } from './local/sent-mails.ts';
import { readTable } from './local/table-items.ts';

const views: Record<string, (endpoint: string, client: RootClient) => Promise<void>> = {
  mails: showMails,
  audit: showAudit,
  secrets: showSecrets,
};

const view = views[process.argv[2] ?? ''];
const endpoint = runningEndpoint();
if (view === undefined) fail(`Usage: npm run local -- ${Object.keys(views).join('|')}`);
else if (endpoint === null) fail('Nothing is running: npm start first');
else {
  const forward = forwarder(endpoint);
  await view(endpoint, rootClient(forward)).catch((error: Error) => {
    const isRefused = 'code' in error && error.code === 'ECONNREFUSED';
    fail(isRefused ? 'Nothing is running: npm start first' : error.message);
  });
  forward.close();
}

async function showMails(at: string): Promise<void> {
  const mails = await sentMails(at);
  if (mails.length === 0) print('No mails since the start.');
  for (const { from, to, subject, text } of mails) {
    print(
      `From: ${from}\nTo: ${to}\nSubject: ${subject}\n\n${text || '(no text part)'}\n${'-'.repeat(72)}`,
    );
  }
}

async function showAudit(_at: string, client: RootClient): Promise<void> {
  const table = (await readDeployment(client))?.outputs.AuditTableName;
  if (table === undefined) throw new Error('No audit table is deployed');
  const records = (await readTable(client, table)).map(fromDynamo).sort(byTime);
  if (records.length === 0) print('No audit records yet.');
  for (const record of records) print(JSON.stringify(record, null, 2));
}

async function showSecrets(_at: string, client: RootClient): Promise<void> {
  const list = z.object({ SecretList: z.array(z.looseObject({ Name: z.string() })) });
  const input = { IncludePlannedDeletion: true, MaxResults: 100 };
  const { SecretList } = z.parse(list, await mustCall(client, 'secretsmanager.ListSecrets', input));
  if (SecretList.length === 0) print('No secrets yet.');
  for (const { Name, DeletedDate } of SecretList) {
    const { output } = await client('secretsmanager.GetSecretValue', { SecretId: Name });
    const value =
      DeletedDate === undefined ? String(output.SecretString) : '(scheduled for deletion)';
    print(`${Name}\t${value}`);
  }
}

/** The table sorts by key and number; people read by time, which the order of its index begins with. */
function byTime(a: Record<string, unknown>, b: Record<string, unknown>): number {
  return String(a.order_sk).localeCompare(String(b.order_sk));
}

function print(text: string): void {
  process.stdout.write(`${text}\n`);
}

function fail(text: string): void {
  process.stderr.write(`${text}\n`);
  process.exitCode = 1;
}
