/** Facts of a key as texts. */
import type { AuditRecord, Key } from './answers.ts';

const day = new Intl.DateTimeFormat(undefined, { dateStyle: 'medium' });
const minute = new Intl.DateTimeFormat(undefined, { dateStyle: 'medium', timeStyle: 'short' });
const second = new Intl.DateTimeFormat(undefined, { dateStyle: 'medium', timeStyle: 'medium' });
const timeFormats = { day, minute, second } as const;
export type Precision = keyof typeof timeFormats;

/** In the reader's own language and time zone; as it is where it is no time. */
export function timeText(iso: string, precision: Precision): string {
  const time = new Date(iso);
  return Number.isNaN(time.getTime()) ? iso : timeFormats[precision].format(time);
}

/** What a key is called where it has no alias: its masked value. */
export const nameOf = ({ key_alias, key_name }: Pick<Key, 'key_alias' | 'key_name'>): string =>
  key_alias ?? key_name;

const amount = new Intl.NumberFormat(undefined, { maximumFractionDigits: 4 });

export const amountText = (value: number): string => amount.format(value);

export const spendText = ({ spend, max_budget }: Pick<Key, 'spend' | 'max_budget'>): string =>
  max_budget === null ? amountText(spend) : `${amountText(spend)} of ${amountText(max_budget)}`;

export const statusTexts: Readonly<Record<Key['status'], string>> = {
  active: 'Active',
  revoked: 'Blocked',
  expired: 'Expired',
  deleted: 'Deleted',
};

/** `spend_reset` as `Spend reset`, `rpm_limit` as `RPM limit`. */
export function wordsOf(name: string): string {
  const words = name.replaceAll('_', ' ').replace(/^[rt]p[md]\b/, (unit) => unit.toUpperCase());
  return words.charAt(0).toUpperCase() + words.slice(1);
}

export interface Changed {
  readonly name: string;
  readonly before: string | null;
  readonly after: string | null;
}

/** Who and when, which a record says itself. */
const told = ['updated_at', 'updated_by', 'created_at', 'created_by', 'settings_updated_at'];

/** What a record changed, field by field; of a birth what was set. */
export function changesOf({ before_value, updated_values }: AuditRecord): Changed[] {
  return Object.entries(updated_values ?? {})
    .filter(([name]) => !told.includes(name))
    .map(([name, after]) =>
      before_value === null
        ? { name, before: null, after: after === 0 ? null : valueText(after) }
        : changed(name, valueText(before_value[name]), valueText(after)),
    )
    .filter(({ before, after }) => before !== after);
}

/** What is not so any more, or was not, is `no` and not nothing. */
const changed = (name: string, before: string | null, after: string | null): Changed => ({
  name,
  before: before ?? (after === 'yes' ? 'no' : null),
  after: after ?? (before === 'yes' ? 'no' : null),
});

/** Null for what says nothing: no value, nothing in it, and what a key that was just made has anyway. */
export function valueText(value: unknown): string | null {
  if (value === null || value === undefined || value === false || value === '') return null;
  if (typeof value === 'number') return amountText(value);
  if (value === true) return 'yes';
  if (typeof value === 'string') {
    if (/^[0-9a-f]{64}$/.test(value)) return shortHash(value);
    return /^\d{4}-\d\d-\d\dT[\d:.]+Z$/.test(value) ? timeText(value, 'minute') : value;
  }
  if (Array.isArray(value) && value.every((entry) => typeof entry === 'string')) {
    return value.length === 0 ? null : value.join(', ');
  }
  const text = JSON.stringify(value);
  return text === '{}' || text === '[]' ? null : text;
}

const shortHash = (hash: string): string => `${hash.slice(0, 8)}…`;

/** Texts that are separated by commas or lines. */
export const listed = (text: string): string[] =>
  text
    .split(/[,\n]/)
    .map((entry) => entry.trim())
    .filter((entry) => entry !== '');

/** What was typed into a field of a form. */
export function textIn(form: FormData, name: string): string {
  const value = form.get(name);
  return typeof value === 'string' ? value.trim() : '';
}
