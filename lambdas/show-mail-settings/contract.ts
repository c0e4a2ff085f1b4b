import { type Contract, commonErrors } from '../shared/http/contract.ts';
import { mailSettingsSchema } from '../shared/http/mail-settings-schema.ts';

export const contract: Contract = {
  summary: 'Show which mails are sent',
  description:
    'All events with their switch, on until somebody switches one off. For proxy admins and their viewers. LiteLLM’s five events come first.',
  answer: mailSettingsSchema,
  errors: { ...commonErrors },
};
