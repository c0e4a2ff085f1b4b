import { connectedFrom } from './ports.ts';
import { parentOf, signal } from './processes.ts';

/**
 * Kills the worker of a function, known by the port it calls from, as a crash in the midst of the call
 * would. Throws, killing nobody, unless it is a child of `parent`, the local AWS.
 */
export async function killWorker(port: number, parent: number): Promise<void> {
  const pid = await connectedFrom(port);
  if (pid === null || (await parentOf(pid)) !== parent) {
    throw new Error(`No worker of the local AWS calls from port ${port}`);
  }
  signal(pid, 'SIGKILL');
}
