import type { NoticeRef, Notices } from '../../lambdas/shared/domain/ports.ts';

const sendingMs = 60_000;

export class MemoryNotices implements Notices {
  readonly states = new Map<string, { state: 'sending' | 'sent' | 'failed'; until: number }>();

  async take({ id }: NoticeRef, now: Date): Promise<'taken' | 'closed' | 'in-flight'> {
    const current = this.states.get(id);
    if (current !== undefined && current.state !== 'sending') return 'closed';
    if (current !== undefined && current.until >= now.getTime()) return 'in-flight';
    this.states.set(id, { state: 'sending', until: now.getTime() + sendingMs });
    return 'taken';
  }

  async giveBack({ id }: NoticeRef): Promise<void> {
    this.states.set(id, { state: 'sending', until: 0 });
  }

  async markSent({ id }: NoticeRef): Promise<void> {
    this.states.set(id, { state: 'sent', until: 0 });
  }

  async markFailed({ id }: NoticeRef): Promise<void> {
    this.states.set(id, { state: 'failed', until: 0 });
  }
}
