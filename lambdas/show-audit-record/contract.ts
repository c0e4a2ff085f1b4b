import { auditRecordAnswer } from '../shared/http/audit-schema.ts';
import { type Contract, commonErrors } from '../shared/http/contract.ts';

export const contract: Contract = {
  summary: 'Show an audit record',
  description:
    'By its `id`. For proxy admins and their viewers. One that is not as it was written has `damaged` true, and null for what of it cannot be read.',
  answer: auditRecordAnswer,
  errors: {
    ...commonErrors,
    401: `${commonErrors[401]} Or the caller is no proxy admin or viewer.`,
    404: 'No such record.',
  },
};
