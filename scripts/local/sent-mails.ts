import * as z from 'zod/mini';
import type { SentMail } from '../watch/happenings.ts';
import { localIdentity } from './project.ts';

const mail = z.looseObject({
  /** Epoch seconds. */
  Timestamp: z.number(),
  Source: z.string(),
  To: z.array(z.string()),
  Subject: z.string(),
  BodyText: z.nullish(z.string()),
  BodyHtml: z.nullish(z.string()),
});
const inbox = z.object({ messages: z.record(z.string(), z.array(mail)) });

/** Mails that the local AWS at this endpoint was given since its start, the oldest first. */
export async function sentMails(
  endpoint: string,
): Promise<readonly (SentMail & { readonly from: string })[]> {
  const response = await fetch(`${endpoint}/_ministack/ses/messages`);
  const mails = z.parse(inbox, await response.json()).messages[localIdentity.accountId] ?? [];
  return mails.map(({ Timestamp, Source, To, Subject, BodyText, BodyHtml }) => ({
    from: Source,
    to: To.join(', '),
    subject: Subject,
    text: BodyText ?? '',
    html: BodyHtml ?? '',
    at: new Date(Timestamp * 1000).toISOString(),
  }));
}
