import { crashMatrix, mostlyOnes } from './matrix.ts';

const generate = (body: object, headers: Readonly<Record<string, string>> = {}) => ({
  path: '/key/generate',
  headers,
  body,
});

crashMatrix('generate', [
  {
    name: 'alias, mail and Idempotency-Key',
    sent: generate(
      { key_alias: 'a', user_email: 'owner@example.com', send_invite_email: true },
      { 'idempotency-key': 'retry-1' },
    ),
    expected: 200,
  },
]);

crashMatrix(
  'generate in other forms',
  [
    { name: 'no alias', sent: generate({}), expected: 200 },
    { name: 'no secret', sent: generate({ store_secret: false, key_alias: 'a' }), expected: 200 },
  ],
  mostlyOnes,
);
