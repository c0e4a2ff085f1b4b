import type { NoticeRef, Notices } from '../../lambdas/shared/domain/ports.ts';

const sendingSeconds = 15;

/** Delivery states of mails in memory; like the table it counts in whole seconds. */
export class MemoryNotices implements Notices {
  readonly states = new Map<string, { state: 'sending' | 'sent' | 'failed'; until: number }>();

  async take({ id }: NoticeRef, now: Date): Promise<'taken' | 'closed' | 'in-flight'> {
    const seconds = Math.floor(now.getTime() / 1000);
    const current = this.states.get(id);
    if (current !== undefined && current.state !== 'sending') return 'closed';
    if (current !== undefined && current.until >= seconds) return 'in-flight';
    this.states.set(id, { state: 'sending', until: seconds + sendingSeconds });
    return 'taken';
  }

  async giveBack({ id }: NoticeRef): Promise<void> {
    if (this.states.get(id)?.state === 'sending') {
      this.states.set(id, { state: 'sending', until: 0 });
    }
  }

  async markSent({ id }: NoticeRef): Promise<void> {
    this.states.set(id, { state: 'sent', until: 0 });
  }

  async markFailed({ id }: NoticeRef): Promise<void> {
    this.states.set(id, { state: 'failed', until: 0 });
  }
}
