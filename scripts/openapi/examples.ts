/** Examples for the document: what was sent to the service over the fakes, and what it answered. */
import type { Exchange } from '../../test/openapi/scene.ts';

export interface Examples {
  /** A value of a parameter of this name and type; undefined where none was sent. */
  readonly parameter: (name: string, type: unknown) => unknown;
  readonly body: object;
  /** Of the answer with this status. */
  readonly answer: (status: number) => object;
}

/** Of a route: its first request that succeeded, and the first answer of each status. */
export function examplesOf(route: string, exchanges: readonly Exchange[]): Examples {
  const own = exchanges.filter((exchange) => exchange.route === route);
  const { params, query, body } = own.find(({ status }) => status === 200) ?? {};
  const sent: Readonly<Record<string, string>> = { ...params, ...query };
  return {
    parameter: (name, type) => {
      const text = sent[name];
      const isText = text === undefined || (type !== 'integer' && type !== 'boolean');
      return isText ? text : JSON.parse(text);
    },
    body: exampleOf(body),
    answer: (status) => exampleOf(own.find((exchange) => exchange.status === status)?.answer),
  };
}

const exampleOf = (value: unknown): object =>
  value === undefined ? {} : { example: JSON.parse(withoutSecrets(JSON.stringify(value))) };

/** With a placeholder for each key and each token of a claim link: a scanner would take them for real ones. */
const withoutSecrets = (text: string): string =>
  text
    .replaceAll(
      /\bsk-lk_(master|[0-9A-Za-z]{17})_[0-9A-Za-z]{27}_[0-9A-Za-z]{6}\b/g,
      'sk-lk_<key id>_<secret>_<checksum>',
    )
    .replaceAll(/\b[0-9a-f-]{36}\.[0-9A-Za-z]{27}\b/g, '<token>');
