/** Publishes to the topic of the deployed stack, as SES does: the local SES tells nothing of its mails. */
import { createHash, createHmac } from 'node:crypto';
import { inject } from 'vitest';
import { outputOf } from './local-aws.ts';

const sha256 = (text: string) => createHash('sha256').update(text).digest('hex');
const hmac = (key: string | Buffer, text: string) =>
  createHmac('sha256', key).update(text).digest();

/** Signed by hand: no test needs more of SNS than this one call. */
export async function publish(message: string): Promise<void> {
  const { endpoint, region, credentials } = inject('deployed');
  const body = new URLSearchParams({
    Action: 'Publish',
    Version: '2010-03-31',
    TopicArn: outputOf('DeliveryTopicArn'),
    Message: message,
  }).toString();
  const url = new URL(endpoint);
  const at = new Date().toISOString().replaceAll(/[-:]|\.\d+/g, '');
  const scope = `${at.slice(0, 8)}/${region}/sns/aws4_request`;
  const headers = {
    'content-type': 'application/x-www-form-urlencoded; charset=utf-8',
    host: url.host,
    'x-amz-date': at,
  };
  const names = Object.keys(headers).join(';');
  const canonical = [
    'POST',
    '/',
    '',
    ...Object.entries(headers).map(([name, value]) => `${name}:${value}`),
    '',
    names,
    sha256(body),
  ].join('\n');
  const toSign = ['AWS4-HMAC-SHA256', at, scope, sha256(canonical)].join('\n');
  const key = scope.split('/').reduce<string | Buffer>(hmac, `AWS4${credentials.secretAccessKey}`);
  const signature = hmac(key, toSign).toString('hex');
  const response = await fetch(url, {
    method: 'POST',
    headers: {
      ...headers,
      authorization: `AWS4-HMAC-SHA256 Credential=${credentials.accessKeyId}/${scope}, SignedHeaders=${names}, Signature=${signature}`,
    },
    body,
  });
  if (!response.ok) throw new Error(`SNS answered ${response.status}: ${await response.text()}`);
}
