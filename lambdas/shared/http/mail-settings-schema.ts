import * as z from 'zod/mini';
import { switchNames } from '../domain/mail-switches.ts';

/** Answer of all routes about the mail switches. */
export const mailSettingsSchema = z.strictObject({
  settings: z.array(z.strictObject({ event: z.enum(switchNames), enabled: z.boolean() })),
  /** When they were last set; null where they never were. */
  updated_at: z.nullable(z.string()),
  /** Key id of who set them. */
  updated_by: z.nullable(z.string()),
});
