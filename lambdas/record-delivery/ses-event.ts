/**
 * What SES tells of a mail, as its configuration set publishes it:
 * https://docs.aws.amazon.com/ses/latest/dg/event-publishing-retrieving-sns-contents.html
 */
import * as z from 'zod/mini';
import type { Delivery, NoticeState } from '../shared/domain/notice.ts';

/** Tag of every mail that Latchkey sends; its value is the notice's id. */
const noticeTag = 'notice';

const text = z.optional(z.string());

const sesEvent = z.looseObject({
  eventType: z.string(),
  mail: z.looseObject({
    timestamp: z.string(),
    messageId: z.string(),
    destination: z.optional(z.array(z.string())),
    tags: z.optional(z.record(z.string(), z.array(z.string()))),
  }),
  bounce: z.optional(
    z.looseObject({
      bounceType: text,
      bounceSubType: text,
      bouncedRecipients: z.optional(
        z.array(z.looseObject({ emailAddress: text, diagnosticCode: text })),
      ),
      timestamp: text,
    }),
  ),
  complaint: z.optional(
    z.looseObject({
      complainedRecipients: z.optional(z.array(z.looseObject({ emailAddress: text }))),
      complaintFeedbackType: z.optional(z.nullable(z.string())),
      complaintSubType: z.optional(z.nullable(z.string())),
      timestamp: text,
    }),
  ),
  delivery: z.optional(z.looseObject({ timestamp: text })),
  reject: z.optional(z.looseObject({ reason: text })),
});
type SesEvent = z.infer<typeof sesEvent>;

/** What became of a mail of ours. */
export interface MailNews {
  readonly noticeId: string;
  readonly messageId: string;
  readonly to: Delivery;
  /** Whom the mail was for. */
  readonly recipient: string;
}

/** SES sends this text once, when the destination is made. */
const greeting = /^Successfully validated SNS topic/;

/**
 * The news in the body of an event; null where it is none of those that count here, or of a mail that
 * is not ours. Throws where it is no event at all.
 */
export function mailNewsOf(body: string): MailNews | null {
  if (greeting.test(body)) return null;
  const event = sesEvent.parse(JSON.parse(body));
  const { mail } = event;
  const noticeId = mail.tags?.[noticeTag]?.[0];
  const news = newsOf(event);
  if (noticeId === undefined || news === null) return null;
  const { state, at = mail.timestamp, recipient, reasons = [] } = news;
  const reason = readable(reasons);
  return {
    noticeId,
    messageId: mail.messageId,
    to: { state, at: new Date(at).toISOString(), ...(reason === '' ? {} : { reason }) },
    recipient: recipient ?? mail.destination?.[0] ?? '',
  };
}

interface News {
  readonly state: NoticeState;
  readonly at?: string | undefined;
  readonly recipient?: string | undefined;
  readonly reasons?: readonly (string | null | undefined)[];
}

function newsOf({ eventType, bounce, complaint, delivery, reject }: SesEvent): News | null {
  switch (eventType) {
    case 'Send':
      return { state: 'sent' };
    case 'Delivery':
      return { state: 'delivered', at: delivery?.timestamp };
    case 'Reject':
      return { state: 'rejected', reasons: [reject?.reason] };
    case 'Bounce': {
      const [first] = bounce?.bouncedRecipients ?? [];
      return {
        state: 'bounced',
        at: bounce?.timestamp,
        recipient: first?.emailAddress,
        reasons: [bounce?.bounceType, bounce?.bounceSubType, first?.diagnosticCode],
      };
    }
    case 'Complaint':
      return {
        state: 'complained',
        at: complaint?.timestamp,
        recipient: complaint?.complainedRecipients?.[0]?.emailAddress,
        reasons: [complaint?.complaintFeedbackType, complaint?.complaintSubType],
      };
    default:
      return null;
  }
}

const maxReason = 300;

/** The recipient's server chose some of these words: they are cut, and made one line. */
const readable = (reasons: readonly (string | null | undefined)[]): string =>
  reasons
    .filter((reason) => typeof reason === 'string' && reason !== '')
    .join(' ')
    .replaceAll(/[\p{Cc}\p{Cf}\s]+/gu, ' ')
    .slice(0, maxReason);
