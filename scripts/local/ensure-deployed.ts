import { setTimeout as sleep } from 'node:timers/promises';
import type { ApiProxy } from './api-proxy.ts';
import { type DeployOptions, deploy, destroy, type StackOutputs } from './deploy.ts';
import { readDeployment, writeDeployment } from './deployment-record.ts';
import { fingerprint } from './fingerprint.ts';
import { forwarder } from './forward.ts';
import { type RootClient, rootClient } from './root-client.ts';
import { readTables, tableOutputs, writeTables } from './table-items.ts';

/**
 * Has the proxy serve a stack made from the present sources, and deploys only where that needs it. A
 * stack that the local AWS did not restore as a whole is built anew, and the keys are carried over.
 * Throws when the stack does not serve in the end.
 */
export async function ensureDeployed(
  options: Omit<DeployOptions, 'baseUrl'>,
  proxy: ApiProxy,
): Promise<StackOutputs> {
  const { endpoint, guardUrl, log } = options;
  const { baseUrl } = proxy;
  const forward = forwarder(endpoint);
  const client = rootClient(forward);
  const target = { ...options, baseUrl };
  const wanted = fingerprint({ baseUrl, guardUrl, ...options.context }, options.app);
  const isServed = async (outputs: StackOutputs) => {
    proxy.serve({ endpoint, apiId: outputs.ApiId ?? '' });
    return (await hasTables(client, outputs)) && (await isAlive(baseUrl));
  };
  const deployAndNote = async () => {
    const outputs = await deploy(target);
    await writeDeployment(client, { fingerprint: wanted, outputs });
    return outputs;
  };
  try {
    const known = await readDeployment(client);
    let outputs = known?.fingerprint === wanted ? known.outputs : await deployAndNote();
    if (await isServed(outputs)) {
      if (known?.fingerprint === wanted) log('nothing has changed, so nothing is deployed');
      return outputs;
    }
    log(
      'the local AWS did not restore the whole stack: building it anew and carrying the keys over',
    );
    const items = await readTables(client, known?.outputs ?? outputs);
    if ((items.get('KeysTableName') ?? []).length === 0)
      log('its table of keys is gone too: starting without keys');
    await destroy(target);
    outputs = await deployAndNote();
    await writeTables(client, outputs, items);
    if (await isServed(outputs)) return outputs;
    throw new Error(`The stack is deployed, but ${baseUrl}/health/liveliness does not answer`);
  } finally {
    forward.close();
  }
}

async function hasTables(client: RootClient, outputs: StackOutputs): Promise<boolean> {
  const tables = tableOutputs(outputs).map(([, table]) => table);
  const answers = await Promise.all(
    tables.map((table) => client('DynamoDB_20120810.DescribeTable', { TableName: table })),
  );
  return answers.every(({ error }) => error === null);
}

/** Asks twice: the first call of a function starts its worker. */
async function isAlive(baseUrl: string): Promise<boolean> {
  for (const pauseMs of [0, 500]) {
    await sleep(pauseMs);
    try {
      const signal = AbortSignal.timeout(10_000);
      if ((await fetch(`${baseUrl}/health/liveliness`, { signal })).ok) return true;
    } catch {
      // Not there, or too slow: once more, then it counts as not restored.
    }
  }
  return false;
}
