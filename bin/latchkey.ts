/**
 * The CDK app: `cdk deploy -c env=<name>`. The only place that reads context and the process's
 * variables, and the only one that decides what a mistake looks like: one line, no stack trace.
 */
// oxlint-disable no-new -- a construct adds itself to its scope
import { join } from 'node:path';
import { App, CliCredentialsStackSynthesizer, Validations } from 'aws-cdk-lib';
import { AwsSolutionsChecks } from 'cdk-nag';
import { EnvironmentError } from '../lib/environment-error.ts';
import { findEnvironment } from '../lib/environments.ts';
import { KeyServiceStack } from '../lib/key-service-stack.ts';
import { checkLocalTarget } from '../lib/local-target.ts';
import packageJson from '../package.json' with { type: 'json' };

try {
  const app = new App();
  const environment = findEnvironment(context(app, 'env'), {
    baseUrl: context(app, 'baseUrl'),
    secretsEndpoint: context(app, 'secretsEndpoint'),
  });
  checkLocalTarget(environment, process.env);
  const { name, local } = environment;
  new KeyServiceStack(app, `latchkey-${name}`, {
    description: `Latchkey ${packageJson.version} (${name}): virtual API keys for LLM gateways`,
    environment,
    codeRoot: join(import.meta.dirname, '../dist'),
    terminationProtection: environment.keepsData,
    // The local AWS shows the bootstrap roles no asset bucket, so the CLI deploys as itself.
    synthesizer: local === null ? undefined : new CliCredentialsStackSynthesizer(),
  });
  Validations.of(app).addPlugins(new AwsSolutionsChecks(app));
  app.synth();
} catch (error) {
  if (!(error instanceof EnvironmentError)) throw error;
  process.stderr.write(`${error.message}\n`);
  process.exitCode = 1;
}

function context(app: App, name: string): string | undefined {
  const value: unknown = app.node.tryGetContext(name);
  return typeof value === 'string' ? value : undefined;
}
