import { join } from 'node:path';
import { type SeenExchange, startApiProxy } from './api-proxy.ts';
import type { StackOutputs } from './deploy.ts';
import { ensureDeployed } from './ensure-deployed.ts';
import { type LocalAws, startLocalAws } from './local-aws.ts';
import { localView } from './local-view.ts';

export interface LocalEnvironmentOptions {
  readonly stateDir: string;
  readonly persist: boolean;
  /** Port of the API; 0 for a free one. */
  readonly port: number;
  /** Whether functions reach DynamoDB through a proxy that can inject faults. */
  readonly faultsTables?: boolean;
  readonly seenExchange?: SeenExchange;
  /** Told of each value that Secrets Manager is asked to store. */
  readonly seenValue?: (value: string) => void;
  readonly log: (line: string) => void;
  readonly signal?: AbortSignal;
  /** Folder with `cdk.json`. Default: this checkout. */
  readonly app?: string;
  /** More CDK context. */
  readonly context?: Readonly<Record<string, string>>;
}

export interface LocalEnvironment {
  readonly aws: LocalAws;
  readonly outputs: StackOutputs;
  readonly baseUrl: string;
  stop(): Promise<void>;
}

/**
 * Latchkey really deployed on the local AWS and served on one port. Resolves when it answers. Throws,
 * with nothing left running, when something is missing, taken or fails.
 */
export async function startLocalEnvironment(
  options: LocalEnvironmentOptions,
): Promise<LocalEnvironment> {
  const { stateDir, log } = options;
  // First the port: a taken one should be known before anything is installed or deployed.
  const proxy = await startApiProxy(options.port, options.seenExchange);
  const stops = [() => proxy.stop()];
  const stop = async () => {
    for (const each of stops) await each();
  };
  try {
    const aws = await startLocalAws(options);
    stops.push(() => aws.stop());
    log('the local AWS is up, with IAM enforced');
    const { endpoint, guardUrl } = aws;
    const workDir = join(stateDir, 'cdk');
    const deployed = ensureDeployed({ ...options, endpoint, guardUrl, workDir }, proxy);
    const outputs = await Promise.race([deployed, aws.failed]);
    proxy.show(localView(endpoint, outputs));
    return { aws, outputs, baseUrl: proxy.baseUrl, stop };
  } catch (error) {
    await stop();
    throw error;
  }
}
