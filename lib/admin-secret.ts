import type { Environment } from './environment.ts';
import type { Operation } from './operation.ts';
import { reachSecrets } from './secrets-reach.ts';

/** Name of the secret that holds an environment's admin key, outside every mirror prefix. */
export const adminSecretName = (environment: string) => `latchkey/${environment}/master-key`;

/** The admin key's secret. Its rights are by name: a function makes it, at the first deploy. */
export class AdminSecret {
  readonly name: string;
  private readonly environment: Environment;

  constructor(environment: Environment) {
    this.environment = environment;
    this.name = adminSecretName(environment.name);
  }

  /** Make it, or take the value of a deploy that died between secret and row. */
  grantProvision(operation: Operation): void {
    this.reach(operation, ['CreateSecret', 'GetSecretValue', 'TagResource']);
  }

  /** Give the admin key another value, and read it for a repeated request. */
  grantRotate(operation: Operation): void {
    this.reach(operation, ['GetSecretValue', 'PutSecretValue']);
  }

  /** Finish or undo a rotation that was left open, without reading a value. */
  grantRepair(operation: Operation): void {
    this.reach(operation, [
      'DescribeSecret',
      'PutSecretValue',
      'RestoreSecret',
      'UpdateSecretVersionStage',
    ]);
  }

  private reach(operation: Operation, actions: readonly string[]): void {
    // Secrets Manager ends an ARN in a hyphen and six characters; a secret to be made has none yet.
    reachSecrets(operation, this.environment, actions, [this.name, `${this.name}-??????`]);
  }
}
