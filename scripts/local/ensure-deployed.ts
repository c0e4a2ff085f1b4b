import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { ApiProxy } from './api-proxy.ts';
import { carryOver } from './carry-over.ts';
import { type DeployOptions, deploy, deployAnew, type StackOutputs } from './deploy.ts';
import { readDeployment, writeDeployment } from './deployment-record.ts';
import { fingerprint } from './fingerprint.ts';
import { forwarder } from './forward.ts';
import { type RootClient, rootClient } from './root-client.ts';
import { hasTable } from './table-items.ts';

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
  const note = async (outputs: StackOutputs) => {
    await writeDeployment(client, { fingerprint: wanted, outputs });
    return outputs;
  };
  const carried = carryOver(join(options.workDir, 'carried-over.json'), client);
  try {
    const known = await readDeployment(client);
    const isUnchanged = known?.fingerprint === wanted;
    let outputs = isUnchanged ? known.outputs : await note(await deploy(target));
    await carried.restore(outputs);
    let served = await isServed(outputs);
    if (served && isUnchanged) log('nothing has changed, so nothing is deployed');
    if (!served && known !== null) {
      log('the local AWS did not restore the whole stack: building it anew, keys carried over');
      const keys = await carried.save(known.outputs);
      if (keys === 0) log('the table of keys is gone too: starting without keys');
      outputs = await deployAnew(target);
      await carried.restore(outputs);
      served = await isServed(await note(outputs));
    }
    if (served) return outputs;
    throw new Error(
      `Deployed, but ${baseUrl}/health/liveliness does not answer; see ministack.log`,
    );
  } finally {
    forward.close();
  }
}

async function hasTables(client: RootClient, outputs: StackOutputs): Promise<boolean> {
  const tables = Object.entries(outputs).filter(([name]) => name.endsWith('TableName'));
  const found = await Promise.all(tables.map(([, table]) => hasTable(client, table)));
  return found.every(Boolean);
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
