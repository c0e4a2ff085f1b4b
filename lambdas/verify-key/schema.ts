import * as z from 'zod/mini';
import { someText, text } from '../shared/http/fields.ts';

/** Body of `POST /key/verify`. */
export const verifyRequest = z.object({ key: someText(), model: text() });
