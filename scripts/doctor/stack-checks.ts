/** Whether the stack can be deployed to where it belongs. */
import type { Environment } from '../../lib/environment.ts';
import { at, list } from '../upgrade/template.ts';
import { type Answer, elementOf } from './ask-aws.ts';
import { about, type Finding } from './finding.ts';
import { unless } from './unanswered.ts';

export const stackName = ({ name }: Environment) => `latchkey-${name}`;

/** The parameter in which the bootstrap stack says its version. */
export const bootstrapParameter = '/cdk-bootstrap/hnb659fds/version';

export function checkBootstrap({ name }: Environment, needed: number, answer: Answer): Finding {
  const found = about('bootstrap');
  const command = `npx cdk bootstrap -c env=${name}`;
  if (answer.error === 'ParameterNotFound') {
    return found.problem(`The account is not bootstrapped in this region: run ${command}`);
  }
  return unless(found, answer, 'ssm:GetParameter', () => {
    const version = Number(at(answer.json, 'Parameter', 'Value'));
    if (version >= needed) return found.ok(`version ${version}, ${needed} is needed`);
    return found.problem(`has version ${version}, and ${needed} is needed: run ${command}`);
  });
}

/** What there is of the stack; null where there is none. */
export interface Deployed {
  readonly status: string;
  /** The version in its description; null for one from before it was there. */
  readonly version: string | null;
}

/** Null where there is no such stack, undefined where that is not known. */
export function deployedStack(answer: Answer): Deployed | null | undefined {
  const message = elementOf(answer.text, 'Message') ?? '';
  if (answer.error === 'ValidationError' && message.includes('does not exist')) return null;
  const status = elementOf(answer.text, 'StackStatus');
  if (answer.error !== null || status === undefined) return undefined;
  const description = elementOf(answer.text, 'Description') ?? '';
  return { status, version: /^Latchkey (\d+\.\d+\.\d+\S*) /.exec(description)?.[1] ?? null };
}

export function checkStack(
  environment: Environment,
  deployed: Deployed | null,
  version: string,
): Finding {
  const found = about('stack');
  const name = stackName(environment);
  if (deployed === null) return found.ok(`${name} is not there yet: this will be its first deploy`);
  const { status } = deployed;
  if (status === 'ROLLBACK_COMPLETE' || status === 'ROLLBACK_FAILED') {
    return found.problem(
      `${name} was never up (${status}): look why in its events, and remove it with npx cdk destroy -c env=${environment.name}`,
    );
  }
  if (status.endsWith('_IN_PROGRESS')) {
    return found.problem(`${name} is being changed (${status}): wait until that is over`);
  }
  if (status.endsWith('_FAILED')) {
    return found.problem(
      `${name} is stuck (${status}): look why in its events, put that right, and have CloudFormation continue the rollback`,
    );
  }
  const says = `${name} has ${deployed.version ?? 'an unknown version'} (${status}), and this is ${version}`;
  if (deployed.version !== null && compareVersions(deployed.version, version) > 0) {
    return found.warning(`${says}, which is older: check out the newer one`);
  }
  return found.ok(`${says}: npm run check:upgrade says what a deploy would lose`);
}

/** Tables that an earlier stack of that name left, which a new one would not take up. */
export function checkLeftTables(environment: Environment, names: readonly string[]): Finding[] {
  const left = names.filter((name) => name.startsWith(`${stackName(environment)}-`));
  if (left.length === 0) return [];
  return [
    about('tables').warning(
      `${left.length} are left of an earlier stack (${left.join(', ')}): a deploy makes new, empty ones beside them. To have their keys, restore or import them afterwards`,
    ),
  ];
}

/**
 * What AWS keeps for functions that reserve nothing.
 * https://docs.aws.amazon.com/lambda/latest/dg/provisioned-concurrency.html
 */
const unreservedAtLeast = 100;

/** A stack that is there already has its reservations. */
export function checkConcurrency(
  { streamReaderConcurrency, provisionedConcurrency, name }: Environment,
  answer: Answer,
  isDeployed: boolean,
): Finding {
  const found = about('Lambda');
  return unless(found, answer, 'lambda:GetAccountSettings', () => {
    const all = Number(at(answer.json, 'AccountLimit', 'ConcurrentExecutions'));
    const free = Number(at(answer.json, 'AccountLimit', 'UnreservedConcurrentExecutions'));
    // Warm containers come out of what is not reserved, down to the same rest.
    const warm = Object.values(provisionedConcurrency).reduce((sum, count) => sum + count, 0);
    const reserved = 2 * (streamReaderConcurrency ?? 0) + warm;
    const quota = `${all} functions at once in this region, ${free} of them not reserved`;
    const raise = 'have the quota "Concurrent executions" raised (Service Quotas, AWS Lambda)';
    if (reserved > 0 && (isDeployed ? all : free) - reserved < unreservedAtLeast) {
      return found.problem(
        `${quota}: ${name} reserves ${reserved}, and AWS keeps ${unreservedAtLeast} unreserved. Set streamReaderConcurrency to null${warm === 0 ? '' : ' and provisionedConcurrency to none'}, or ${raise}`,
      );
    }
    // Of a new account. A burst of calls, the stream readers and the schedules share these.
    return all < unreservedAtLeast
      ? found.warning(`${quota}, which is few: ${raise}`)
      : found.ok(quota);
  });
}

export function checkDomain({ baseUrl, domain }: Environment, answer: Answer | null): Finding {
  const found = about('domain');
  if (baseUrl === null || answer === null) {
    return found.ok('none: callers get the address that API Gateway makes');
  }
  const { host } = new URL(baseUrl);
  if (answer.status === 404) {
    if (domain !== null) return found.ok(`${host} is made and mapped to the API by the deploy`);
    return found.warning(
      `${host} is no custom domain of API Gateway here: make it and map it to the API (output ApiId), or have whatever stands in front serve it`,
    );
  }
  return unless(found, answer, 'apigateway:GET', () => {
    const states = list(at(answer.json, 'domainNameConfigurations')).map((one) =>
      String(at(one, 'domainNameStatus')),
    );
    return states.every((state) => state === 'AVAILABLE')
      ? found.ok(`${host} is a custom domain here`)
      : found.warning(`${host} is ${states.join(', ')}: wait until it is AVAILABLE`);
  });
}

function compareVersions(one: string, other: string): number {
  return one.localeCompare(other, 'en', { numeric: true });
}
