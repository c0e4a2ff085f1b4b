import type { Mail, Mailer, MailOutcome } from '../../lambdas/shared/domain/ports.ts';

export class MemoryMailer implements Mailer {
  readonly inbox: Mail[] = [];
  readonly #outcomes: MailOutcome[] = [];

  /** The next sends end so instead of being accepted. */
  next(...outcomes: MailOutcome[]): void {
    this.#outcomes.push(...outcomes);
  }

  async send(mail: Mail): Promise<MailOutcome> {
    const outcome = this.#outcomes.shift();
    if (outcome !== undefined) return outcome;
    this.inbox.push(mail);
    return { kind: 'sent', messageId: `message-${this.inbox.length}` };
  }
}
