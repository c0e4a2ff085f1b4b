/** SES and the notices' table as one invocation sees them, and an account of every mail that went out. */
import { readerLimits } from '../../lambdas/shared/adapters/reader-limits.ts';
import type { Mailer, MailOutcome, Notices } from '../../lambdas/shared/domain/ports.ts';
import type { CallPort } from '../faults/faulty-stores.ts';
import type { World } from '../faults/invariants.ts';
import { cannotWrite } from './reader-stores.ts';

export class MailAccount {
  readonly #world: World;
  /** How often SES took a notice's mail and its sender did not learn that, or could not note it. */
  readonly #excuses = new Map<string, number>();

  constructor(world: World) {
    this.#world = world;
  }

  over(process: CallPort): { mailer: Mailer; notices: Notices } {
    const { mailer, notices } = this.#world;
    const call = <T>(name: string, effect: () => Promise<T>) =>
      process.call(name, readerLimits.tableMs, effect, cannotWrite, cannotWrite);
    return {
      mailer: {
        send: async (mail) => {
          let isTaken = false;
          let isKnown = false;
          let isOver = false;
          const excuse = () => {
            if (isTaken && isOver && !isKnown) this.#excuse(mail.noticeId);
          };
          try {
            const outcome = await process.call<MailOutcome>(
              'send',
              readerLimits.mailMs,
              async () => {
                const taken = await mailer.send(mail);
                isTaken = taken.kind === 'sent';
                excuse();
                return taken;
              },
              () => ({ kind: 'refused', reason: 'Throttling' }),
              () => ({ kind: 'unanswered' }),
            );
            isKnown = outcome.kind === 'sent';
            return outcome;
          } finally {
            isOver = true;
            excuse();
          }
        },
      },
      notices: {
        readSwitches: () => call('read switches', () => notices.readSwitches()),
        take: (notice, now) => call('take', () => notices.take(notice, now)),
        giveBack: (...given) => call('give back', () => notices.giveBack(...given)),
        park: (...given) => call('park', () => notices.park(...given)),
        markFailed: (...given) => call('mark failed', () => notices.markFailed(...given)),
        markSwitchedOff: (...given) => call('mark off', () => notices.markSwitchedOff(...given)),
        markSent: async (notice, ...given) => {
          try {
            await call('mark sent', () => notices.markSent(notice, ...given));
          } catch (error) {
            this.#excuse(notice.id);
            throw error;
          }
        },
      },
    };
  }

  /** Mails that went out for a notice, and the most that may have. */
  of(noticeId: string): { readonly sent: number; readonly most: number } {
    const sent = this.#world.mailer.inbox.filter((mail) => mail.noticeId === noticeId).length;
    return { sent, most: 1 + (this.#excuses.get(noticeId) ?? 0) };
  }

  /** Mails that went out after one of the same notice. */
  get sentAgain(): number {
    const notices = this.#world.mailer.inbox.map(({ noticeId }) => noticeId);
    return notices.length - new Set(notices).size;
  }

  #excuse(noticeId: string): void {
    this.#excuses.set(noticeId, (this.#excuses.get(noticeId) ?? 0) + 1);
  }
}
