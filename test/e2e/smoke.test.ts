import { expect, inject, it } from 'vitest';

it('answers', async () => {
  const { baseUrl } = inject('deployed');
  const r = await fetch(`${baseUrl}/key/generate`, {
    method: 'POST',
    headers: { authorization: 'Bearer sk-1234', 'content-type': 'application/json' },
    body: JSON.stringify({ key_alias: 'a', user_email: 'x@example.com', send_invite_email: true }),
  });
  console.log(r.status, await r.text());
  expect(r.status).toBe(200);
});
