import { randomUUID } from 'node:crypto';
import type { LocalAws } from '../../scripts/local/local-aws.ts';

/**
 * Credentials of a new IAM user of the local AWS with one policy. Spoken in IAM's query protocol, since
 * the project has no other use for an IAM client.
 */
export async function callerAllowed(
  aws: LocalAws,
  statements: readonly object[],
): Promise<LocalAws['credentials']> {
  const user = `caller-${randomUUID()}`;
  await callIam(aws, { Action: 'CreateUser', UserName: user });
  await callIam(aws, {
    Action: 'PutUserPolicy',
    UserName: user,
    PolicyName: 'only',
    PolicyDocument: JSON.stringify({ Version: '2012-10-17', Statement: statements }),
  });
  const answer = await callIam(aws, { Action: 'CreateAccessKey', UserName: user });
  const field = (name: string) => new RegExp(`<${name}>(.*?)</${name}>`).exec(answer)?.[1] ?? '';
  return { accessKeyId: field('AccessKeyId'), secretAccessKey: field('SecretAccessKey') };
}

async function callIam(aws: LocalAws, parameters: Record<string, string>): Promise<string> {
  const scope = `${aws.credentials.accessKeyId}/20260101/${aws.region}/iam/aws4_request`;
  const response = await fetch(aws.endpoint, {
    method: 'POST',
    headers: {
      authorization: `AWS4-HMAC-SHA256 Credential=${scope}, SignedHeaders=host, Signature=0`,
      'content-type': 'application/x-www-form-urlencoded',
    },
    body: new URLSearchParams({ Version: '2010-05-08', ...parameters }).toString(),
  });
  const text = await response.text();
  if (!response.ok) throw new Error(`IAM ${parameters.Action}: ${text}`);
  return text;
}
