import { localIdentity } from '../local/project.ts';
import { runningEndpoint } from '../local/running-endpoint.ts';

/**
 * How a client reaches the AWS of an environment: as the AWS CLI would, with the operator's own
 * credentials, or the one of `npm start`. With more retries than the SDK makes by itself: a command may
 * take a table, or a function's concurrency, to its limits. Throws where nothing is running.
 */
export function connectionOf(environment: string) {
  if (environment !== 'local') return { maxAttempts: 10 };
  const { region, credentials } = localIdentity;
  const endpoint = runningEndpoint();
  if (endpoint === null) throw new Error('Nothing is running: npm start first');
  return { endpoint, region, credentials };
}
