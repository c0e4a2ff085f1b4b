import type { Mail, Mailer, MailOutcome } from '../../lambdas/shared/domain/ports.ts';

/** What SES allows an account. Over it a mail is dropped, not queued. */
export interface SendingQuotas {
  readonly perSecond: number;
  readonly perDay: number;
}

const maxBytes = 10 * 1024 * 1024;
const dayMs = 86_400_000;
const none: SendingQuotas = { perSecond: Infinity, perDay: Infinity };

/** SES in memory: an inbox, addresses it refuses, and quotas that count by the clock it is given. */
export class MemoryMailer implements Mailer {
  readonly inbox: Mail[] = [];
  /** Addresses that SES never sends to, such as unverified ones of a sandbox. */
  readonly rejected = new Set<string>();
  readonly #now: () => Date;
  readonly #quotas: SendingQuotas;
  readonly #outcomes: (MailOutcome | 'lost-answer')[] = [];
  /** Those of the last day, which is as far as the quotas look back. */
  #sentAt: number[] = [];

  constructor(now: () => Date = () => new Date(), quotas: SendingQuotas = none) {
    this.#now = now;
    this.#quotas = quotas;
  }

  /** The next sends end so instead; with `lost-answer` the mail goes out and the answer is lost. */
  next(...outcomes: (MailOutcome | 'lost-answer')[]): void {
    this.#outcomes.push(...outcomes);
  }

  async send(mail: Mail): Promise<MailOutcome> {
    const planned = this.#outcomes.shift();
    if (planned !== undefined && planned !== 'lost-answer') return planned;
    const outcome = this.#send(mail);
    return planned === undefined ? outcome : { kind: 'unanswered' };
  }

  #send(mail: Mail): MailOutcome {
    // SES drops a mail with a bad address as a whole.
    if (!/^[^\s@]+@[^\s@]+$/.test(mail.to) || bytesOf(mail) > maxBytes) {
      return { kind: 'rejected', reason: 'InvalidParameterValue' };
    }
    if (this.rejected.has(mail.to)) return { kind: 'rejected', reason: 'MessageRejected' };
    const at = this.#now().getTime();
    this.#sentAt = this.#sentAt.filter((sentAt) => at - sentAt < dayMs);
    // Both are one exception, told apart by what it says.
    const ofSecond = this.#sentAt.filter((sentAt) => at - sentAt < 1000);
    if (ofSecond.length >= this.#quotas.perSecond) return overRate;
    if (this.#sentAt.length >= this.#quotas.perDay) return overQuota;
    this.#sentAt.push(at);
    this.inbox.push({ ...mail });
    return { kind: 'sent', messageId: `message-${this.inbox.length}` };
  }
}

const overRate: MailOutcome = { kind: 'refused', reason: 'ThrottlingException' };
const overQuota: MailOutcome = { kind: 'over-quota', reason: 'DailyQuotaExceeded' };

const bytesOf = ({ subject, html, text }: Mail): number =>
  Buffer.byteLength(subject) + Buffer.byteLength(html) + Buffer.byteLength(text);
