import * as z from 'zod/mini';
import { texts } from '../shared/http/fields.ts';

/** Body of `POST /v2/key/info`: keys by value, token hash or key id, and by alias. */
export const showKeysRequest = z.object({ keys: texts(), key_aliases: texts() });
