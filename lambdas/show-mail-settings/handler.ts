/** `GET /email/event_settings`: which mails are sent at all. */
import { documentClient } from '../shared/adapters/clients.ts';
import { keyTable } from '../shared/adapters/table/key-table.ts';
import { noticesPart } from '../shared/adapters/table/notices-part.ts';
import { readConfig, readSettings } from '../shared/config.ts';
import { ok } from '../shared/http/answer.ts';
import { api, type Call, type Route } from '../shared/http/api.ts';
import { mailSettingsAnswer } from '../shared/http/mail-settings-answer.ts';

export const route: Route<null> = {
  name: 'show-mail-settings',
  right: () => 'mail.read-settings',
  takesIdempotencyKey: false,
  parse: () => null,
  reads: () => ({ mailSwitches: true }),
};

export const showMailSettings = async ({ loaded }: Call<null>) =>
  ok(mailSettingsAnswer(loaded.mailSwitches));

export const handler = api(route, () => {
  const { KEYS_TABLE, NOTICES_TABLE } = readConfig('KEYS_TABLE', 'NOTICES_TABLE');
  return {
    table: keyTable(documentClient, KEYS_TABLE, null, noticesPart(NOTICES_TABLE)),
    settings: readSettings(),
    now: () => new Date(),
    operation: showMailSettings,
  };
});
