import { readFile } from 'node:fs/promises';
import { describe, expect, it } from 'vitest';
import { compiledMail, generatedMails } from '../../scripts/mail.ts';

describe('the generated mails', () => {
  it.each(generatedMails)('$path is what its MJML makes (npm run mail)', async ({ mail, path }) => {
    expect(await readFile(path, 'utf8')).toBe(await compiledMail(mail));
  });
});
