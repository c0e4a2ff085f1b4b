import { createHash, createHmac, type Hash, type Hmac } from 'node:crypto';
import { SignatureV4 } from '@smithy/signature-v4';
import { at } from '../upgrade/template.ts';

/** A call that only reads, as its service wants it on the wire. */
export interface Call {
  /** As signed; also the beginning of the host's name, unless that is another. */
  readonly service: string;
  readonly host?: string;
  /** The IAM action that it takes. */
  readonly action: string;
  readonly method: 'GET' | 'POST';
  readonly path: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string;
}

/** What a service said. */
export interface Answer {
  readonly status: number;
  /** Its name of an error; null where it answered. */
  readonly error: string | null;
  readonly text: string;
  /** Undefined where the answer is no JSON. */
  readonly json: unknown;
}

/** Throws `NoAnswer` alone. */
export type AskAws = (call: Call) => Promise<Answer>;

/** Nothing came back in time, or nothing that could be read. */
export class NoAnswer extends Error {}

export interface Connection {
  readonly region: string;
  readonly credentials: Credentials;
  /** In place of the services' own addresses. */
  readonly endpoint?: string;
  readonly timeoutMs?: number;
}

export interface Credentials {
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
  readonly sessionToken?: string;
}

/** Asks with the SDK's own signature: eight calls are not worth the client packages of eight services. */
export const askAws =
  ({ region, credentials, endpoint, timeoutMs = 10_000 }: Connection): AskAws =>
  async ({ service, host = service, method, path, headers, body }) => {
    const domain = region.startsWith('cn-') ? 'amazonaws.com.cn' : 'amazonaws.com';
    const url = new URL(endpoint ?? `https://${host}.${region}.${domain}`);
    const signer = new SignatureV4({ service, region, credentials, sha256: Sha256 });
    const signed = await signer.sign({
      protocol: url.protocol,
      hostname: url.hostname,
      method,
      path,
      headers: { ...headers, host: url.host },
      ...(body === undefined ? {} : { body }),
    });
    let status: number;
    let text: string;
    let type: string;
    try {
      const response = await fetch(new URL(path, url), {
        method,
        headers: signed.headers,
        signal: AbortSignal.timeout(timeoutMs),
        ...(body === undefined ? {} : { body }),
      });
      status = response.status;
      text = await response.text();
      type = response.headers.get('x-amzn-errortype') ?? '';
    } catch (cause) {
      throw new NoAnswer(`${url.host} did not answer`, { cause });
    }
    const json = parsed(text);
    return { status, text, json, error: status < 300 ? null : errorOf(type, json, text) };
  };

/** The services write the name of an error in a header, in JSON or in XML. */
function errorOf(header: string, json: unknown, text: string): string {
  const type = at(json, '__type') ?? at(json, 'code');
  const name = header || (typeof type === 'string' ? type : '') || elementOf(text, 'Code') || '';
  return name.replace(/^.*#/, '').replace(/:.*$/, '') || 'an error without a name';
}

/** The text of the first element of that name in an answer in XML. */
export const elementOf = (text: string, name: string): string | undefined =>
  new RegExp(`<${name}>([^<]*)</${name}>`).exec(text)?.[1];

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

/** SHA-256 of Node, in the shape that the signature takes. */
class Sha256 {
  private readonly hash: Hash | Hmac;

  constructor(secret?: string | ArrayBuffer | ArrayBufferView) {
    this.hash = secret === undefined ? createHash('sha256') : createHmac('sha256', bytes(secret));
  }

  update(data: string | ArrayBuffer | ArrayBufferView): void {
    this.hash.update(bytes(data));
  }

  async digest(): Promise<Uint8Array> {
    return this.hash.digest();
  }

  reset(): void {
    throw new Error('A signature makes a hash for each use');
  }
}

function bytes(data: string | ArrayBuffer | ArrayBufferView): Uint8Array {
  if (typeof data === 'string') return Buffer.from(data);
  return ArrayBuffer.isView(data)
    ? new Uint8Array(data.buffer, data.byteOffset, data.byteLength)
    : new Uint8Array(data);
}
