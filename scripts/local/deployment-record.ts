import * as z from 'zod/mini';
import type { StackOutputs } from './deploy.ts';
import { mustCall, type RootClient } from './root-client.ts';

export interface Deployment {
  readonly fingerprint: string;
  readonly outputs: StackOutputs;
}

const parameter = '/latchkey-local/deployment';
const stored = z.object({ fingerprint: z.string(), outputs: z.record(z.string(), z.string()) });
const answered = z.object({ Parameter: z.object({ Value: z.string() }) });

/**
 * What is deployed in the local AWS, or null. The record lies in the local AWS itself, so that it is
 * saved, lost and restored together with the stack it tells of.
 */
export async function readDeployment(client: RootClient): Promise<Deployment | null> {
  const { error, output } = await client('AmazonSSM.GetParameter', { Name: parameter });
  if (error !== null) return null;
  const record = z.safeParse(stored, JSON.parse(z.parse(answered, output).Parameter.Value));
  return record.success ? record.data : null;
}

export async function writeDeployment(client: RootClient, deployment: Deployment): Promise<void> {
  const value = JSON.stringify(deployment);
  await mustCall(client, 'AmazonSSM.PutParameter', {
    Name: parameter,
    Value: value,
    Type: 'String',
    Overwrite: true,
  });
}
