/**
 * Lambda authorizer of an HTTP API that is not Latchkey's: lets a request in where `POST /key/verify`
 * has its key for good. In no stack of Latchkey's; `lib/latchkey-authorizer.ts` puts it into others.
 */
import type {
  APIGatewayRequestAuthorizerEventV2,
  APIGatewaySimpleAuthorizerWithContextResult,
} from 'aws-lambda';
import { secretsClient } from '../shared/adapters/clients.ts';
import { keptSecret } from '../shared/adapters/kept-secret.ts';
import { readConfig } from '../shared/config.ts';
import { type CheckedKey, verdict } from './schema.ts';

export interface Deps {
  readonly latchkeyUrl: string;
  /** The key that the API asks with; read anew where the one before was refused. */
  readonly ownKey: (wasRefused: boolean) => Promise<string>;
  readonly send: (url: string, request: RequestInit) => Promise<Response>;
  /** How long one answer is waited for; together with a second one within API Gateway's ten seconds. */
  readonly limitMs: number;
}

type Event = Pick<APIGatewayRequestAuthorizerEventV2, 'identitySource'>;
type Decision = APIGatewaySimpleAuthorizerWithContextResult<Partial<CheckedKey>>;

const denied = { isAuthorized: false, context: {} };

/**
 * Lets a key in with what is known of it as context, and denies one that is no good, or is for Latchkey
 * alone. Throws where Latchkey gives no answer: API Gateway makes a 500 of that. A denial would be a
 * 403, and tell the holder of a good key that it is none.
 */
export const authorizeRequest =
  ({ latchkeyUrl, ownKey, send, limitMs }: Deps) =>
  async ({ identitySource }: Event): Promise<Decision> => {
    const key = identitySource[0]?.replace(/^bearer +/i, '') ?? '';
    const ask = async (wasRefused: boolean) =>
      send(`${latchkeyUrl}/key/verify`, {
        method: 'POST',
        headers: {
          authorization: `Bearer ${await ownKey(wasRefused)}`,
          'content-type': 'application/json',
        },
        body: JSON.stringify({ key }),
        redirect: 'error',
        signal: AbortSignal.timeout(limitMs),
      });
    let answer = await ask(false);
    // It is the API's own key that was refused: rotated, perhaps, since it was read.
    if (answer.status === 401) answer = await ask(true);
    if (answer.status !== 200) throw new Error(`Latchkey answered ${answer.status}`);
    const told = verdict.parse(await answer.json());
    if (!told.valid || !['default', 'llm_api'].includes(told.key_type)) return denied;
    const { valid: _valid, key_type: _type, ...context } = told;
    return { isAuthorized: true, context: withoutNulls(context) };
  };

const withoutNulls = (key: CheckedKey): Partial<CheckedKey> =>
  Object.fromEntries(Object.entries(key).filter(([, value]) => value !== null));

let authorize: ((event: Event) => Promise<Decision>) | undefined;

export const handler = (event: Event): Promise<Decision> => {
  authorize ??= wired();
  return authorize(event);
};

function wired() {
  const { LATCHKEY_URL, OWN_KEY_SECRET } = readConfig('LATCHKEY_URL', 'OWN_KEY_SECRET');
  return authorizeRequest({
    latchkeyUrl: LATCHKEY_URL,
    ownKey: keptSecret(secretsClient, OWN_KEY_SECRET, () => new Date()),
    send: fetch,
    limitMs: 4000,
  });
}
