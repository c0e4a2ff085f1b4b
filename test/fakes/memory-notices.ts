import type { Item } from '../../lambdas/shared/adapters/table/items.ts';
import {
  mailSwitchesKey,
  noticeKey,
  parkedSort,
  rowKey,
} from '../../lambdas/shared/adapters/table/keys.ts';
import {
  noticeItem,
  parseNotice,
  parseSwitches,
} from '../../lambdas/shared/adapters/table/notice-items.ts';
import type { MailSwitches } from '../../lambdas/shared/domain/mail-switches.ts';
import { type Delivery, isShownWithKey, rankBelow } from '../../lambdas/shared/domain/notice.ts';
import type {
  Deliveries,
  Notice,
  Notices,
  ParkedNotice,
  ParkedNotices,
  Parking,
  StoredNotice,
} from '../../lambdas/shared/domain/ports.ts';

const sendingSeconds = 20;

/** Whether a notice's own item may come to a state. */
export const isForwards = (current: Item | undefined, to: Delivery): boolean =>
  current === undefined || Number(current['rank']) < rankBelow(to.state);

/** Whether it may be shown as the latest of its key. */
export const isLatest = (current: Item | undefined, notice: Notice, to: Delivery): boolean =>
  current === undefined ||
  Number(current['rev']) < notice.rev ||
  (current['notice_id'] === notice.id && isForwards(current, to));

/** Delivery states of mails in memory; like the table it counts in whole seconds. */
export class MemoryNotices implements Notices, ParkedNotices, Deliveries {
  /** The items of the table, which others may share. */
  readonly items: Map<string, Item>;

  constructor(items = new Map<string, Item>()) {
    this.items = items;
  }

  /** The notices by their id. */
  get states(): Map<string, StoredNotice> {
    return new Map(
      [...this.items].flatMap(([pk, item]) =>
        pk.startsWith(noticeKey('')) ? [[pk.slice(noticeKey('').length), parseNotice(item)]] : [],
      ),
    );
  }

  async take(notice: Notice, now: Date): Promise<'taken' | 'closed' | 'in-flight'> {
    const current = this.items.get(noticeKey(notice.id));
    if (current !== undefined && current['state'] !== 'sending') return 'closed';
    if (current !== undefined && !this.#isOver(current, now)) return 'in-flight';
    this.items.set(noticeKey(notice.id), {
      ...noticeItem(notice, { state: 'sending', at: now.toISOString() }),
      taken_until: secondsOf(now) + sendingSeconds,
    });
    return 'taken';
  }

  async giveBack(notice: Notice, reason: string, now: Date): Promise<void> {
    this.#note(notice, { state: 'sending', at: now.toISOString(), reason }, { taken_until: 0 });
  }

  async park(notice: Notice, { due, until, reason }: Parking, now: Date): Promise<void> {
    const place = { due, parked_sk: parkedSort(until, notice.id) };
    this.#note(notice, { state: 'parked', at: now.toISOString(), reason }, place);
  }

  async markSent(notice: Notice, messageId: string, now: Date): Promise<void> {
    this.#note(notice, { state: 'sent', at: now.toISOString() }, { message_id: messageId });
  }

  async markFailed(notice: Notice, reason: string, now: Date): Promise<void> {
    this.#note(notice, { state: 'failed', at: now.toISOString(), reason });
  }

  async markSwitchedOff(notice: Notice, now: Date): Promise<void> {
    this.#note(notice, { state: 'switched_off', at: now.toISOString() });
  }

  async readSwitches(): Promise<MailSwitches | null> {
    const item = this.items.get(mailSwitchesKey);
    return item === undefined ? null : parseSwitches(item);
  }

  async findParked(by: Date, count: number): Promise<string[]> {
    const bound = parkedSort(by, '~');
    const isParked = ({ parked_sk: at }: Item) => typeof at === 'string' && at <= bound;
    return [...this.items.values()]
      .filter(isParked)
      .sort((left, right) => (String(left['parked_sk']) < String(right['parked_sk']) ? -1 : 1))
      .slice(0, count)
      .map((item) => String(item['notice_id']));
  }

  async takeParked(id: string, now: Date): Promise<ParkedNotice | null> {
    const current = this.items.get(noticeKey(id));
    if (current?.['parked_sk'] === undefined) return null;
    if (current['state'] !== 'parked' && !this.#isOver(current, now)) return null;
    const taken = secondsOf(now) + sendingSeconds;
    this.items.set(noticeKey(id), {
      ...current,
      state: 'sending',
      taken_until: taken,
      parked_sk: parkedSort(new Date((taken + 1) * 1000), id),
    });
    return { notice: parseNotice(current), due: String(current['due']) };
  }

  async find(noticeId: string): Promise<StoredNotice | null> {
    const item = this.items.get(noticeKey(noticeId));
    return item === undefined ? null : parseNotice(item);
  }

  async advance(notice: Notice, to: Delivery, messageId: string): Promise<'noted' | 'behind'> {
    return this.#note(notice, to, { message_id: messageId });
  }

  #isOver(item: Item, now: Date): boolean {
    return item['state'] === 'sending' && Number(item['taken_until']) < secondsOf(now);
  }

  #note(notice: Notice, to: Delivery, more: Item = {}): 'noted' | 'behind' {
    const [own, latest] = [noticeKey(notice.id), rowKey(notice.keyId)];
    if (!isForwards(this.items.get(own), to)) return 'behind';
    this.items.set(own, { ...noticeItem(notice, to), ...more });
    if (isShownWithKey(notice.event) && isLatest(this.items.get(latest), notice, to)) {
      this.items.set(latest, noticeItem(notice, to));
    }
    return 'noted';
  }
}

const secondsOf = (at: Date): number => Math.floor(at.getTime() / 1000);
