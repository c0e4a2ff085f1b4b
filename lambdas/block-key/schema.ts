import * as z from 'zod/mini';
import { text } from '../shared/http/fields.ts';

/** Body of `POST /key/block` and `/key/unblock`. */
export const blockRequest = z.object({ key: text() });
