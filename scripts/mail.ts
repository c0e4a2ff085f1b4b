/**
 * `npm run mail`: compiles the MJML of every mail into a module beside it. The result is committed,
 * so that a bundle carries plain HTML; a test fails when it is out of date.
 */
import { readFile, writeFile } from 'node:fs/promises';
import mjml2html from 'mjml';

const mails = ['lambdas/email-key-change/key-mail'];

/** The generated module of a mail, as text. Throws when the MJML is not valid. */
export async function compiledMail(mail: string): Promise<string> {
  const { html, errors } = await mjml2html(await readFile(`${mail}.mjml`, 'utf8'), {
    validationLevel: 'strict',
    keepComments: false,
  });
  if (errors.length > 0) throw new Error(errors.map((error) => error.formattedMessage).join('\n'));
  const compact = html.replaceAll(/\n\s+/g, '\n').replaceAll('>\n<', '><').trim();
  return `// Generated from ${mail.split('/').at(-1)}.mjml by npm run mail.\nexport const html = ${JSON.stringify(compact)};\n`;
}

/** Every mail with the path of its generated module. */
export const generatedMails = mails.map((mail) => ({ mail, path: `${mail}.generated.ts` }));

if (import.meta.main) {
  for (const { mail, path } of generatedMails) await writeFile(path, await compiledMail(mail));
}
