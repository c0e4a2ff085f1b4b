/** `PATCH /email/event_settings`, and `POST` to its `/reset`: which mails are sent at all. */
import { documentClient } from '../shared/adapters/clients.ts';
import { log } from '../shared/adapters/log.ts';
import { secureRandom } from '../shared/adapters/randomness.ts';
import { keyTable } from '../shared/adapters/table/key-table.ts';
import { noticesPart } from '../shared/adapters/table/notices-part.ts';
import { readConfig, readSettings } from '../shared/config.ts';
import { InvalidField } from '../shared/domain/errors.ts';
import { type EventSetting, isSwitchName, switchNames } from '../shared/domain/mail-switches.ts';
import { ok } from '../shared/http/answer.ts';
import { api, type Call, type Route } from '../shared/http/api.ts';
import { jsonBody } from '../shared/http/json-body.ts';
import { mailSettingsAnswer } from '../shared/http/mail-settings-answer.ts';
import { changeSwitches } from '../shared/protocol/change-switches.ts';
import type { TableStores } from '../shared/protocol/commit.ts';
import { recordOf } from '../shared/protocol/replay.ts';
import { changeMailSettingsRequest } from './schema.ts';

type Input = readonly EventSetting[] | 'reset';

export const route: Route<Input> = {
  name: 'change-mail-settings',
  right: () => 'mail.change-settings',
  takesIdempotencyKey: true,
  parse: (request) => {
    if (request.route === '/email/event_settings/reset') return 'reset';
    return checked(jsonBody(changeMailSettingsRequest, request).settings);
  },
  reads: () => ({ mailSwitches: true }),
};

function checked(settings: readonly EventSetting[]): readonly EventSetting[] {
  if (settings.length === 0) throw new InvalidField('settings', 'Name at least one event.');
  for (const [index, { event }] of settings.entries()) {
    if (!isSwitchName(event)) {
      const names = switchNames.join(', ');
      throw new InvalidField('settings', `settings.${index}.event must be one of: ${names}.`);
    }
    if (settings.findIndex((other) => other.event === event) !== index) {
      throw new InvalidField('settings', `settings.${index}.event is named twice.`);
    }
  }
  return settings;
}

export const changeMailSettings = (stores: TableStores) => async (call: Call<Input>) => {
  const { input, caller, loaded, requestId } = call;
  const record = recordOf(call, stores.now());
  if (record !== null) return ok(JSON.parse(record.answer));
  const changed = await changeSwitches(stores, loaded.mailSwitches, input, caller.keyId, call, {
    answerOf: mailSettingsAnswer,
  });
  // No key has changed, so there is no audit record: this line and the item say who did what.
  log('info', 'mail settings changed', {
    operation: route.name,
    request_id: requestId,
    principal: caller.keyId,
    change: described(input),
  });
  return ok(mailSettingsAnswer(changed));
};

const described = (input: Input): string =>
  input === 'reset'
    ? input
    : input.map(({ event, enabled }) => `${event}: ${enabled ? 'on' : 'off'}`).join(', ');

export const handler = api(route, () => {
  const { KEYS_TABLE, IDEMPOTENCY_TABLE, NOTICES_TABLE } = readConfig(
    'KEYS_TABLE',
    'IDEMPOTENCY_TABLE',
    'NOTICES_TABLE',
  );
  const stores = {
    table: keyTable(documentClient, KEYS_TABLE, IDEMPOTENCY_TABLE, noticesPart(NOTICES_TABLE)),
    random: secureRandom,
    now: () => new Date(),
    settings: readSettings(),
  };
  return { ...stores, operation: changeMailSettings(stores) };
});
