import { type EventSetting, type MailSwitches, settingsOf } from '../domain/mail-switches.ts';

/** The switches, all of them, and who last wrote them. */
export const mailSettingsAnswer = (switches: MailSwitches | null): MailSettingsAnswer => ({
  settings: settingsOf(switches),
  updated_at: switches?.at ?? null,
  updated_by: switches?.by ?? null,
});

interface MailSettingsAnswer {
  readonly settings: readonly EventSetting[];
  readonly updated_at: string | null;
  /** Key id. */
  readonly updated_by: string | null;
}
