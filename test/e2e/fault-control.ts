/** Faults between the deployed functions and a store: the guard's, or those of the tables' proxy. */
import * as z from 'zod/mini';
import type { Fault } from '../../scripts/local/guard-faults.ts';

const waiting = z.array(z.object({ mode: z.string(), times: z.number() }));

export async function addFault(url: string, fault: Partial<Fault>): Promise<void> {
  await control(url, { method: 'POST', body: JSON.stringify(fault) });
}

/** Those that have struck nobody so far, which from now on they never will. */
export async function clearFaults(url: string) {
  const left = waiting.parse(await control(url, { method: 'GET' }));
  await control(url, { method: 'DELETE' });
  return left;
}

async function control(url: string, request: RequestInit): Promise<unknown> {
  const response = await fetch(`${url}/_guard/fault`, request);
  if (!response.ok) throw new Error(`The fault was refused: ${await response.text()}`);
  return response.json();
}
