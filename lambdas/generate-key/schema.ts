import * as z from 'zod/mini';
import { keyTypes } from '../shared/domain/key-row.ts';
import { choice, text, truth } from '../shared/http/fields.ts';
import { keyFields } from '../shared/http/key-request.ts';

/** Body of `POST /key/generate` and `POST /key/service-account/generate`. */
export const generateRequest = z.object({
  key: text(),
  ...keyFields,
  key_type: choice(keyTypes),
  store_secret: truth(),
});
