import { listed, textIn } from './text.ts';

const texts = ['key_alias', 'user_id', 'team_id', 'user_email', 'duration', 'key_type'];
const numbers = ['max_budget', 'rpm_limit', 'tpm_limit'];
/** What the form asks for, as the API calls it. */
export const fields: readonly string[] = [...texts, ...numbers, 'models'];

/** The body of `POST /key/generate`: what was left empty is not sent. */
export function bodyOf(form: FormData): Record<string, string | number | boolean | string[]> {
  const text = (name: string) => textIn(form, name);
  return {
    ...Object.fromEntries(texts.map((name) => [name, text(name)]).filter(([, value]) => value)),
    // As it was typed where it is no number: the API says what is wrong with it.
    ...Object.fromEntries(
      numbers
        .filter((name) => text(name) !== '')
        .map((name) => [
          name,
          Number.isFinite(Number(text(name))) ? Number(text(name)) : text(name),
        ]),
    ),
    ...(text('models') === '' ? {} : { models: listed(text('models')) }),
    ...(form.has('send_invite_email') ? { send_invite_email: true } : {}),
  };
}
