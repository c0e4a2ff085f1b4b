import { type ContractsByPath, commonErrors } from '../shared/http/contract.ts';
import { mailSettingsSchema } from '../shared/http/mail-settings-schema.ts';
import { changeMailSettingsRequest } from './schema.ts';

const counts =
  'For proxy admins. It counts for mails that are sent from then on, those included that were due before. A mail that is off is noted as `switched_off` and never sent later.';
const errors = { ...commonErrors, 409: 'Others are changing the switches; try again.' };

export const contract: ContractsByPath = {
  '/email/event_settings': {
    summary: 'Switch mails on and off',
    description: `Sets the switches that it names and leaves the others. ${counts}`,
    body: changeMailSettingsRequest,
    answer: mailSettingsSchema,
    errors: {
      ...errors,
      400: 'An event is none of those that are shown, or is named twice; or none is named.',
      413: 'The body has more than 256 kB.',
      422: 'The body is no JSON object, settings is missing, or a member has the wrong type.',
    },
  },
  '/email/event_settings/reset': {
    summary: 'Switch all mails on again',
    description: `Takes no body. ${counts}`,
    answer: mailSettingsSchema,
    errors,
  },
};
