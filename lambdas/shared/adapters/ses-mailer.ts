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
      return error instanceof Error
        ? refusalOf(error, from)
        : { kind: 'refused', reason: 'unknown' };
    }
  },
});

/** What a person has to put right in the account, the sender or the stack, by the error's name. */
const barring =
  /^(AccountSendingPaused|ConfigurationSetSendingPaused|ConfigurationSetDoesNotExist|MailFromDomainNotVerified|AccessDenied|OptInRequired|InvalidClientTokenId|SignatureDoesNotMatch)(Exception)?$/;

/**
 * SES tells some of its refusals apart by their message alone:
 * https://docs.aws.amazon.com/ses/latest/dg/manage-sending-quotas-errors.html
 * https://docs.aws.amazon.com/ses/latest/dg/troubleshoot-error-messages.html
 */
function refusalOf({ name, message }: Error, from: string): Refusal {
  if (/^Throttling(Exception)?$/.test(name)) {
    return /daily (message|sending) quota/i.test(message)
      ? { kind: 'over-quota', reason: 'DailyQuotaExceeded' }
      : { kind: 'refused', reason: name };
  }
  if (barring.test(name)) return { kind: 'barred', reason: name };
  if (name === 'MessageRejected') return rejectionOf(message, from);
  // A bad address or content: no later try can succeed. Everything else is tried again.
  return { kind: name === 'InvalidParameterValue' ? 'rejected' : 'refused', reason: name };
}

type Refusal = Exclude<MailOutcome, { readonly kind: 'sent' | 'unanswered' }>;

/** An unverified sender bars every mail; an unverified recipient, in the sandbox, only this one. */
function rejectionOf(message: string, from: string): Refusal {
  if (/sending (is )?(suspended|paused|disabled)|account is (suspended|paused)/i.test(message)) {
    return { kind: 'barred', reason: 'SendingSuspended' };
  }
  const [, failing] = /address is not verified.*?identities failed.*?:(.*)/is.exec(message) ?? [];
  if (failing === undefined) return { kind: 'rejected', reason: 'MessageRejected' };
  const address = addressOf(from);
  const senders = [address, address.slice(address.indexOf('@') + 1)];
  const isSender = failing.split(',').some((name) => senders.includes(addressOf(name)));
  return isSender
    ? { kind: 'barred', reason: 'SenderNotVerified' }
    : { kind: 'rejected', reason: 'RecipientNotVerified' };
}

/** Of `Name <address>` the address. */
const addressOf = (text: string): string =>
  (/<([^>]*)>/.exec(text)?.[1] ?? text).trim().toLowerCase();
