import { SESClient } from '@aws-sdk/client-ses';
import { describe, expect, it } from 'vitest';
import { sesMailer } from '../../../../lambdas/shared/adapters/ses-mailer.ts';
import { type Canned, cannedAws } from '../../fixtures/canned-aws.ts';

const mail = { to: 'ada@example.com', subject: 'S', html: '<p>', text: 'T', noticeId: 'n-1' };

const sender = 'keys@example.com';
/** As the AWS documentation has them. */
const dailyQuota = 'Daily message quota exceeded';
const suspended = 'Sending suspended for this account. For more information, see your inbox.';
const unverified = (names: string) =>
  `Email address is not verified. The following identities failed the check in region US-EAST-1: ${names}`;

const accepted: Canned = {
  status: 200,
  body: '<SendEmailResponse xmlns="http://ses.amazonaws.com/doc/2010-12-01/"><SendEmailResult><MessageId>m-1</MessageId></SendEmailResult></SendEmailResponse>',
};
const refused = (code: string, status = 400, message = 'No.'): Canned => ({
  status,
  body: `<ErrorResponse xmlns="http://ses.amazonaws.com/doc/2010-12-01/"><Error><Type>Sender</Type><Code>${code}</Code><Message>${message}</Message></Error></ErrorResponse>`,
});

describe('a mail through SES', () => {
  it('carries its notice as a tag, so that its delivery can be followed', async () => {
    const { config, asked } = await cannedAws(accepted);
    const mailer = sesMailer(new SESClient(config), 'keys@example.com', 'set');
    expect(await mailer.send(mail)).toEqual({ kind: 'sent', messageId: 'm-1' });
    const sent = new URLSearchParams(asked[0]?.body);
    expect(Object.fromEntries(sent)).toMatchObject({
      Action: 'SendEmail',
      Source: 'keys@example.com',
      'Destination.ToAddresses.member.1': 'ada@example.com',
      'Message.Subject.Data': 'S',
      'Message.Body.Html.Data': '<p>',
      'Message.Body.Text.Data': 'T',
      'Tags.member.1.Name': 'notice',
      'Tags.member.1.Value': 'n-1',
      ConfigurationSetName: 'set',
    });
  });

  it.each<[string, Canned, string]>([
    ['a message it will never take', refused('MessageRejected'), 'rejected'],
    ['an address it will never take', refused('InvalidParameterValue'), 'rejected'],
    ['a sending rate', refused('Throttling', 400, 'Maximum sending rate exceeded.'), 'refused'],
    ['a quota', refused('Throttling', 400, 'Daily message quota exceeded.'), 'over-quota'],
    ['it by its newer name', refused('ThrottlingException', 400, dailyQuota), 'over-quota'],
    ['a request rate', refused('Throttling', 400, 'Rate exceeded'), 'refused'],
    ['a paused account', refused('AccountSendingPausedException'), 'barred'],
    ['a paused set', refused('ConfigurationSetSendingPausedException'), 'barred'],
    ['a missing set', refused('ConfigurationSetDoesNotExist'), 'barred'],
    ['an unverified domain', refused('MailFromDomainNotVerifiedException'), 'barred'],
    ['a missing permission', refused('AccessDenied', 403), 'barred'],
    ['a suspended account', refused('MessageRejected', 400, suspended), 'barred'],
    ['an unverified sender', refused('MessageRejected', 400, unverified(sender)), 'barred'],
    ['its domain', refused('MessageRejected', 400, unverified('example.com')), 'barred'],
    ['both', refused('MessageRejected', 400, unverified(`${mail.to}, ${sender}`)), 'barred'],
    ['a sandbox', refused('MessageRejected', 400, unverified(mail.to)), 'rejected'],
    ['anything else', refused('SomethingNew'), 'refused'],
    ['a server error', refused('InternalFailure', 500), 'unanswered'],
    ['a broken connection', 'breaks off', 'unanswered'],
  ])('tells apart: %s', async (_, answer, kind) => {
    const { config, asked } = await cannedAws(answer);
    const mailer = sesMailer(new SESClient(config), `Latchkey <${sender}>`, null);
    expect(await mailer.send(mail)).toMatchObject({ kind });
    expect(asked).toHaveLength(1);
  });
});
