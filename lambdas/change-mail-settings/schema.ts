import * as z from 'zod/mini';
import { someText, someTruth } from '../shared/http/fields.ts';

/** Body of `PATCH /email/event_settings`. */
export const changeMailSettingsRequest = z.object({
  settings: z.array(z.object({ event: someText(), enabled: someTruth() }), 'expected a list'),
});
