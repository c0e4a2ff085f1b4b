import type { Environment } from './environment.ts';
import { EnvironmentError } from './environment-error.ts';
import { isLoopback } from './loopback.ts';

/**
 * Account and region of the local AWS. No real account has this id: the CDK CLI refuses other
 * credentials, and a role made from the local template reaches secrets of this account alone.
 */
export const localTarget = { account: '000000000000', region: 'us-east-1' } as const;

/**
 * Throws `EnvironmentError` where the environment is the local one, whose admin key everybody knows,
 * and the CDK CLI could call an AWS that is not on this machine. `variables` are those of the
 * process, which the CLI hands on to the app.
 */
export function checkLocalTarget(
  { name, local }: Environment,
  variables: Readonly<Record<string, string | undefined>>,
): void {
  if (local === null) return;
  const refuse = (variable: string, problem: string) => {
    const reason = 'this environment is for the AWS that npm start brings up on this machine';
    throw new EnvironmentError(name, variable, `${problem}: ${reason}, never for a real account`);
  };
  const endpoint = variables['AWS_ENDPOINT_URL'] ?? '';
  if (endpoint === '') refuse('AWS_ENDPOINT_URL', 'is not set');
  // One service's own address (AWS_ENDPOINT_URL_STS) goes before the common one.
  for (const [variable, value = ''] of Object.entries(variables)) {
    if (!variable.startsWith('AWS_ENDPOINT_URL') || value === '' || isLoopback(value)) continue;
    refuse(variable, `is "${value}", no loopback http address`);
  }
  const ignored = variables['AWS_IGNORE_CONFIGURED_ENDPOINT_URLS'] ?? '';
  if (!['', 'false'].includes(ignored)) {
    refuse('AWS_IGNORE_CONFIGURED_ENDPOINT_URLS', 'is set, so that the CLI asks the real AWS');
  }
}
