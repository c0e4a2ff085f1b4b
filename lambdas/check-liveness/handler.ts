/** `GET /health/liveliness` and `/health/liveness`: the service answers; nothing behind it is asked. */
import { ok } from '../shared/http/answer.ts';
import { answering } from '../shared/http/answering.ts';

export const handler = answering('check-liveness', async () => ok("I'm alive!"));
