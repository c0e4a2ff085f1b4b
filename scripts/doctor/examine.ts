import type { Environment } from '../../lib/environment.ts';
import type { Synthesised } from '../upgrade/synthesise.ts';
import { at, list } from '../upgrade/template.ts';
import type { Answer, AskAws, Call } from './ask-aws.ts';
import { NoAnswer } from './ask-aws.ts';
import { billed } from './billed.ts';
import { calls } from './calls.ts';
import { about, type Finding } from './finding.ts';
import { checkMailAccount, checkMailIdentity, mailIsOff } from './mail-checks.ts';
import {
  bootstrapParameter,
  checkBootstrap,
  checkConcurrency,
  checkDomain,
  checkLeftTables,
  checkStack,
  deployedStack,
  stackName,
} from './stack-checks.ts';
import { checkAccount, checkNode, checkRegion } from './target-checks.ts';
import { unless } from './unanswered.ts';

export interface Patient {
  readonly environment: Environment;
  readonly synthesised: Synthesised;
  /** Of this checkout. */
  readonly version: string;
  readonly nodeVersion: string;
  /** The operator's; null where none is set. */
  readonly region: string | null;
  /** Null where there are no credentials. */
  readonly ask: AskAws | null;
  /** For how many keys to count; null for no count. */
  readonly keys: number | null;
}

/** Looks at everything that a deploy needs, one thing after the other, and changes nothing. */
export async function* examine(patient: Patient): AsyncGenerator<Finding> {
  const { environment, synthesised, nodeVersion, region, ask, keys } = patient;
  yield checkNode(nodeVersion);
  yield checkRegion(environment, region);
  if (ask === null) {
    yield about('credentials').problem(
      'There are none: log in, or choose some with AWS_PROFILE. Nothing of the account was looked at',
    );
  } else if ((environment.region ?? region) !== null) {
    yield* examineAccount(patient, quietly(ask));
  }
  if (keys !== null) yield billed(environment, synthesised.resources, keys);
}

async function* examineAccount(patient: Patient, ask: AskAws): AsyncGenerator<Finding> {
  const { environment, synthesised, version } = patient;
  const account = checkAccount(environment, await ask(calls.callerIdentity()));
  yield account;
  // What is found in another account says nothing of this environment.
  if (account.level === 'problem') return;

  const bootstrap = await ask(calls.parameter(bootstrapParameter));
  yield checkBootstrap(environment, synthesised.bootstrapVersion, bootstrap);

  const described = await ask(calls.stack(stackName(environment)));
  const deployed = deployedStack(described);
  if (deployed === undefined) {
    const none = about('stack');
    yield unless(none, described, 'cloudformation:DescribeStacks', () =>
      none.warning('could not be looked at: the answer has no status. Look by hand'),
    );
  } else {
    yield checkStack(environment, deployed, version);
  }
  if (deployed === null) yield* await leftTables(environment, ask);

  // What is not known is taken for the harmless case: it only says less.
  const isDeployed = deployed !== null;
  yield checkConcurrency(environment, await ask(calls.functionQuotas()), isDeployed);
  yield* examineMail(environment, ask, isDeployed);
  const { baseUrl } = environment;
  const domain = baseUrl === null ? null : await ask(calls.domain(new URL(baseUrl).host));
  yield checkDomain(environment, domain);
}

async function leftTables(environment: Environment, ask: AskAws): Promise<Finding[]> {
  const names: string[] = [];
  let after: string | undefined;
  do {
    const answer = await ask(calls.tables(after));
    const found = about('tables');
    if (answer.error !== null) {
      return [unless(found, answer, 'dynamodb:ListTables', () => found.ok('none'))];
    }
    names.push(...list(at(answer.json, 'TableNames')).map(String));
    const last = at(answer.json, 'LastEvaluatedTableName');
    after = typeof last === 'string' ? last : undefined;
  } while (after !== undefined);
  return checkLeftTables(environment, names);
}

async function* examineMail(
  environment: Environment,
  ask: AskAws,
  isDeployed: boolean,
): AsyncGenerator<Finding> {
  const { alerting, identity } = environment.mail;
  if (!alerting || identity === null) {
    yield mailIsOff();
    return;
  }
  yield* checkMailAccount(environment, await ask(calls.mailAccount()));
  yield checkMailIdentity(environment, await ask(calls.mailIdentity(identity)), isDeployed);
}

/** A service that does not answer keeps nobody from the other findings. */
const quietly =
  (ask: AskAws): AskAws =>
  async (call: Call): Promise<Answer> => {
    try {
      return await ask(call);
    } catch (error) {
      if (!(error instanceof NoAnswer)) throw error;
      return { status: 0, error: `nothing (${error.message})`, text: '', json: undefined };
    }
  };
