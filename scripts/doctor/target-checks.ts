/** Whether this machine, its credentials and its settings lead to where the environment belongs. */
import type { Environment } from '../../lib/environment.ts';
import type { Answer } from './ask-aws.ts';
import { elementOf } from './ask-aws.ts';
import { about, type Finding } from './finding.ts';

export function checkNode(version: string): Finding {
  const node = about('Node');
  const major = Number(version.replace(/^v/, '').split('.')[0]);
  if (major === 24) return node.ok(`${version}, as on Lambda`);
  const says = `is ${version}, and the functions run on 24: run npm ci, which brings it for npm run and npx`;
  return major < 20 ? node.problem(says) : node.warning(says);
}

/** `own` is the region of the credentials' profile or the variables. */
export function checkRegion({ region, keepsData }: Environment, own: string | null): Finding {
  const found = about('region');
  if (region === undefined && own === null) {
    return found.problem(
      'is not set: set region in lib/environments.ts, or AWS_REGION for where you work',
    );
  }
  if (region === undefined) {
    const says = `${own}, which is yours and not the environment's`;
    return keepsData
      ? found.warning(`${says}: set region in lib/environments.ts, so that none deploys elsewhere`)
      : found.ok(says);
  }
  if (own === region) return found.ok(region);
  return found.warning(
    `${region} is where it is deployed, but yours is ${own ?? 'not set'}: set AWS_REGION=${region} for the other commands on it`,
  );
}

export function checkAccount({ account, keepsData }: Environment, answer: Answer): Finding {
  const found = about('account');
  const own = elementOf(answer.text, 'Account');
  if (answer.status === 0) return found.problem(`AWS says ${answer.error}: look at the network`);
  if (answer.error !== null || own === undefined) {
    return found.problem(
      `AWS does not take your credentials (${answer.error ?? 'an answer without an account'}): log in anew, or choose others with AWS_PROFILE`,
    );
  }
  const caller = `${own}, as ${elementOf(answer.text, 'Arn') ?? 'somebody'}`;
  if (account === undefined) {
    return keepsData
      ? found.warning(
          `${caller}: set account in lib/environments.ts, so that none deploys elsewhere`,
        )
      : found.ok(caller);
  }
  if (account === own) return found.ok(caller);
  return found.problem(
    `is ${caller}, but the environment belongs to ${account}: choose its credentials with AWS_PROFILE`,
  );
}
