import * as z from 'zod/mini';
import { text } from '../shared/http/fields.ts';
import { keyFields, temporaryBudget } from '../shared/http/key-request.ts';

/** Body of `POST /key/update`. With `key`, `key_alias` is a new alias; without, it names the key. */
export const updateRequest = z.object({ key: text(), ...keyFields, ...temporaryBudget });
