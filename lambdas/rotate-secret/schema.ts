import * as z from 'zod/mini';
import { rotationSteps } from '../shared/protocol/rotate-secret.ts';

/** What Secrets Manager sends, as far as it is needed. */
export const rotationEvent = z.object({
  Step: z.enum(rotationSteps),
  SecretId: z.string(),
  ClientRequestToken: z.string(),
});
