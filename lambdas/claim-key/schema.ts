import * as z from 'zod/mini';
import { text } from '../shared/http/fields.ts';

/** Body of `POST /key/claim`. */
export const claimRequest = z.object({ token: text() });
