/** Whether SES sends what the environment would mail. */
import type { Environment } from '../../lib/environment.ts';
import { at } from '../upgrade/template.ts';
import type { Answer } from './ask-aws.ts';
import { about, type Finding } from './finding.ts';
import { unless } from './unanswered.ts';

const found = about('mail');

export const mailIsOff = (): Finding =>
  found.ok('off (mail.alerting): a request for a mail is refused, and owners are told nothing');

/** Whether the account may send, to whom, and how much is left of today. */
export function checkMailAccount({ keepsData }: Environment, answer: Answer): Finding[] {
  const first = unless(found, answer, 'ses:GetAccount', () => {
    if (at(answer.json, 'SendingEnabled') === false) {
      return found.problem(
        'SES sends nothing for this account: look at its account dashboard, which says why, and answer there',
      );
    }
    if (at(answer.json, 'ProductionAccessEnabled') !== true) {
      const says =
        'SES is in its sandbox, so that mails reach verified addresses only: request production access (SES, account dashboard)';
      return keepsData ? found.problem(says) : found.warning(says);
    }
    return found.ok('SES sends to anybody');
  });
  return answer.error === null ? [first, quota(answer)] : [first];
}

function quota({ json }: Answer): Finding {
  const limit = Number(at(json, 'SendQuota', 'Max24HourSend'));
  const sent = Number(at(json, 'SendQuota', 'SentLast24Hours'));
  const rate = Number(at(json, 'SendQuota', 'MaxSendRate'));
  // -1 stands for no limit.
  const says = `${sent} of ${limit < 0 ? 'any number of' : limit} mails sent in 24 hours, at most ${rate} a second`;
  return limit > 0 && sent > 0.8 * limit
    ? found.warning(`${says}: the rest may wait until tomorrow. Have the sending quota raised`)
    : found.ok(says);
}

/** Whether the sender's identity is there and verified. `isDeployed`: the stack may have made it. */
export function checkMailIdentity(
  { mail, name }: Environment,
  answer: Answer,
  isDeployed: boolean,
): Finding {
  const { identity, createsIdentity, from } = mail;
  const isAddress = identity?.includes('@') === true;
  const verify = isAddress
    ? 'follow the link in the mail that SES sent there'
    : 'add the three DKIM records that SES shows for it to the DNS';
  if (answer.status === 404) {
    return createsIdentity
      ? found.warning(
          `${identity} is made by the deploy. Until it is verified nothing is sent: ${verify}`,
        )
      : found.problem(
          `${identity} is no identity of SES here: make it, or set mail.createsIdentity to true`,
        );
  }
  return unless(found, answer, 'ses:GetEmailIdentity', () => {
    if (at(answer.json, 'VerifiedForSendingStatus') !== true) {
      return found.problem(`${identity} is not verified, so that ${from} cannot send: ${verify}`);
    }
    if (createsIdentity && !isDeployed) {
      return found.problem(
        `${identity} is there already, and the stack of ${name} would make it: set mail.createsIdentity to false`,
      );
    }
    return found.ok(`${identity} is verified, ${from} can send`);
  });
}
