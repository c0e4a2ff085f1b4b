/** Mail through SES. */
import { type SESClient, SendEmailCommand } from '@aws-sdk/client-ses';
import type { Mail, Mailer, MailOutcome } from '../domain/ports.ts';
import { isUnanswered } from './aws-error.ts';
import { readerLimits } from './reader-limits.ts';

export const sesMailer = (
  client: SESClient,
  from: string,
  configurationSet: string | null,
): Mailer => ({
  async send(mail: Mail): Promise<MailOutcome> {
    try {
      const { MessageId } = await client.send(
        new SendEmailCommand({
          Source: from,
          Destination: { ToAddresses: [mail.to] },
          Message: {
            Subject: { Data: mail.subject, Charset: 'UTF-8' },
            Body: {
              Html: { Data: mail.html, Charset: 'UTF-8' },
              Text: { Data: mail.text, Charset: 'UTF-8' },
            },
          },
          Tags: [{ Name: 'notice', Value: mail.noticeId }],
          ...(configurationSet === null ? {} : { ConfigurationSetName: configurationSet }),
        }),
        { abortSignal: AbortSignal.timeout(readerLimits.mailMs) },
      );
      return { kind: 'sent', messageId: MessageId ?? '' };
    } catch (error) {
      if (isUnanswered(error)) return { kind: 'unanswered' };
      const reason = error instanceof Error ? error.name : 'unknown';
      // A bad address or content: no later try can succeed. Everything else SES refuses (rate,
      // quota, a paused or unverified sender, a permission) can be put right, so it is tried again.
      return reason === 'MessageRejected' || reason === 'InvalidParameterValue'
        ? { kind: 'rejected', reason }
        : { kind: 'refused', reason };
    }
  },
});
