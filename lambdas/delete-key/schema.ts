import * as z from 'zod/mini';
import { texts } from '../shared/http/fields.ts';

/** Body of `POST /key/delete`: values, token hashes or key ids, and aliases; both lists count. */
export const deleteRequest = z.object({ keys: texts(), key_aliases: texts() });
