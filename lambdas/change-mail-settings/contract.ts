import { type Contract, commonErrors } from '../shared/http/contract.ts';
import { mailSettingsSchema } from '../shared/http/mail-settings-schema.ts';
import { changeMailSettingsRequest } from './schema.ts';

export const contract: Contract = {
  summary: 'Switch mails on and off, or all on again',
  description:
    'PATCH sets the switches that it names and leaves the others; `reset` turns all on, and takes no body. For proxy admins. It counts for mails that are sent from then on, those included that were due before. A mail that is off is noted as `switched_off` and never sent later.',
  body: changeMailSettingsRequest,
  isBodyOptional: true,
  answer: mailSettingsSchema,
  errors: {
    ...commonErrors,
    400: 'An event is none of those that are shown, or is named twice; or none is named.',
    409: 'Others are changing the switches; try again.',
    413: 'The body has more than 256 kB.',
    422: 'The body is no JSON object, settings is missing, or a member has the wrong type.',
  },
};
