/** What the doctor makes of an account: as its services answer, and over the wire. */
import { spawn } from 'node:child_process';
import { createHash, createHmac } from 'node:crypto';
import { once } from 'node:events';
import { createServer, type IncomingMessage } from 'node:http';
import { join } from 'node:path';
import { text as textOf } from 'node:stream/consumers';
import { describe, expect, it, onTestFinished } from 'vitest';
import type { Environment } from '../../lib/environment.ts';
import { findEnvironment } from '../../lib/environments.ts';
import { type Answer, type AskAws, askAws, NoAnswer } from '../../scripts/doctor/ask-aws.ts';
import { calls } from '../../scripts/doctor/calls.ts';
import { examine, type Patient } from '../../scripts/doctor/examine.ts';
import { cannedAws, refusal } from '../lambdas/fixtures/canned-aws.ts';

const json = (value: unknown): Answer => ({
  status: 200,
  error: null,
  text: JSON.stringify(value),
  json: value,
});
const xml = (text: string): Answer => ({ status: 200, error: null, text, json: undefined });
const refused = (status: number, error: string, text = ''): Answer => ({
  status,
  error,
  text,
  json: undefined,
});
const stack = (status: string, version: string | null) =>
  xml(
    `<Stacks><member><StackStatus>${status}</StackStatus><Description>Latchkey ${version === null ? '' : `${version} `}(prod): keys</Description></member></Stacks>`,
  );
const noStack = refused(
  400,
  'ValidationError',
  '<Message>Stack with id x does not exist</Message>',
);
const mailAccount = {
  SendingEnabled: true,
  ProductionAccessEnabled: true,
  SendQuota: { Max24HourSend: 50_000, SentLast24Hours: 12, MaxSendRate: 14 },
};
const concurrency = (all: number, free = all) =>
  json({ AccountLimit: { ConcurrentExecutions: all, UnreservedConcurrentExecutions: free } });

type Answers = Readonly<Record<string, Answer>>;

/** An account in which prod can be deployed, and its stack is not there yet. */
const healthy: Answers = {
  'sts:GetCallerIdentity': xml(
    '<Arn>arn:aws:iam::111122223333:user/ada</Arn><Account>111122223333</Account>',
  ),
  'ssm:GetParameter': json({ Parameter: { Value: '21' } }),
  'cloudformation:DescribeStacks': noStack,
  'dynamodb:ListTables': json({ TableNames: ['other-KeysTable'] }),
  'lambda:GetAccountSettings': concurrency(1000),
  'ses:GetAccount': json(mailAccount),
  'ses:GetEmailIdentity': json({ VerifiedForSendingStatus: true }),
  'apigateway:GET': json({ domainNameConfigurations: [{ domainNameStatus: 'AVAILABLE' }] }),
};

const shipped = findEnvironment('prod');
const prod: Environment = {
  ...shipped,
  account: '111122223333',
  region: 'eu-west-1',
  baseUrl: 'https://keys.acme.io',
  mail: {
    ...shipped.mail,
    alerting: true,
    from: 'keys@acme.io',
    identity: 'acme.io',
    createsIdentity: false,
    domains: ['acme.io'],
  },
};
const dev: Environment = { ...prod, name: 'dev', keepsData: false };

interface Case {
  readonly answers?: Answers;
  readonly patient?: Partial<Patient>;
}

/** A line for each finding. */
async function examined({ answers = {}, patient = {} }: Case = {}): Promise<string[]> {
  const ask: AskAws = async ({ action }) =>
    answers[action] ?? healthy[action] ?? refused(500, 'Unknown');
  const findings = examine({
    environment: prod,
    synthesised: { resources: {}, bootstrapVersion: 6 },
    version: '0.2.0',
    nodeVersion: 'v24.21.0',
    region: 'eu-west-1',
    ask,
    keys: null,
    ...patient,
  });
  const lines: string[] = [];
  for await (const { what, level, says } of findings) lines.push(`${level} ${what}: ${says}`);
  return lines;
}

const bad = (lines: readonly string[]) => lines.filter((line) => !line.startsWith('ok '));

describe('where all is well', () => {
  it('says of each thing how it is', async () => {
    expect(await examined()).toEqual([
      'ok Node: v24.21.0, as on Lambda',
      'ok region: eu-west-1',
      'ok account: 111122223333, as arn:aws:iam::111122223333:user/ada',
      'ok bootstrap: version 21, 6 is needed',
      'ok stack: latchkey-prod is not there yet: this will be its first deploy',
      'ok Lambda: 1000 functions at once in this region, 1000 of them not reserved',
      'ok mail: SES sends to anybody',
      'ok mail: 12 of 50000 mails sent in 24 hours, at most 14 a second',
      'ok mail: acme.io is verified, keys@acme.io can send',
      'ok domain: keys.acme.io is a custom domain here',
    ]);
  });

  it('has nothing against an upgrade', async () => {
    const answers = {
      'cloudformation:DescribeStacks': stack('UPDATE_COMPLETE', '0.1.0'),
      'lambda:GetAccountSettings': concurrency(1000, 960),
    };
    const lines = await examined({ answers });
    expect(bad(lines)).toEqual([]);
    expect(lines).toContain(
      'ok stack: latchkey-prod has 0.1.0 (UPDATE_COMPLETE), and this is 0.2.0: npm run check:upgrade says what a deploy would lose',
    );
  });

  it('has nothing against a dev as it is shipped, in whatever account', async () => {
    const environment = findEnvironment('dev');
    const lines = await examined({ patient: { environment } });
    expect(bad(lines)).toEqual([]);
    expect(lines).toContain('ok domain: none: callers get the address that API Gateway makes');
  });

  it('asks for nothing that is off', async () => {
    const asked: string[] = [];
    const ask: AskAws = async ({ action }) => {
      asked.push(action);
      return healthy[action] ?? refused(500, 'Unknown');
    };
    await examined({ patient: { environment: shipped, ask } });
    expect(asked).not.toContain('ses:GetAccount');
    expect(asked).not.toContain('apigateway:GET');
  });
});

describe('what keeps it from working is told, and what to do', () => {
  const changed = (change: Partial<Environment>) => ({
    patient: { environment: { ...prod, ...change } },
  });
  const answered = (action: string, answer: Answer): Case => ({ answers: { [action]: answer } });
  const identity = { mail: { ...prod.mail, createsIdentity: true } };
  const absent = refused(404, 'NotFoundException');

  it.each<[string, Case, string]>([
    [
      'an old Node',
      { patient: { nodeVersion: 'v18.1.0' } },
      'problem Node: is v18.1.0, and the functions run on 24: run npm ci',
    ],
    ['another Node', { patient: { nodeVersion: 'v22.1.0' } }, 'warning Node: is v22.1.0'],
    [
      'no region',
      { patient: { environment: shipped, region: null } },
      'problem region: is not set',
    ],
    [
      'a region that is not in the settings',
      { patient: { environment: { ...shipped, account: '111122223333' } } },
      "warning region: eu-west-1, which is yours and not the environment's: set region",
    ],
    [
      'a region elsewhere',
      { patient: { region: 'us-east-1' } },
      'warning region: eu-west-1 is where it is deployed, but yours is us-east-1: set AWS_REGION=eu-west-1',
    ],
    ['no credentials', { patient: { ask: null } }, 'problem credentials: There are none: log in'],
    [
      'credentials that ran out',
      answered('sts:GetCallerIdentity', refused(403, 'ExpiredToken')),
      'problem account: AWS does not take your credentials (ExpiredToken): log in anew',
    ],
    [
      'another account',
      changed({ account: '222233334444' }),
      'problem account: is 111122223333, as arn:aws:iam::111122223333:user/ada, but the environment belongs to 222233334444',
    ],
    [
      'no bootstrap',
      answered('ssm:GetParameter', refused(400, 'ParameterNotFound')),
      'problem bootstrap: The account is not bootstrapped in this region: run npx cdk bootstrap -c env=prod',
    ],
    [
      'an old bootstrap',
      answered('ssm:GetParameter', json({ Parameter: { Value: '5' } })),
      'problem bootstrap: has version 5, and 6 is needed',
    ],
    [
      'a first deploy that failed',
      answered('cloudformation:DescribeStacks', stack('ROLLBACK_COMPLETE', '0.1.0')),
      'problem stack: latchkey-prod was never up (ROLLBACK_COMPLETE)',
    ],
    [
      'a stack that is being changed',
      answered('cloudformation:DescribeStacks', stack('UPDATE_IN_PROGRESS', '0.1.0')),
      'problem stack: latchkey-prod is being changed',
    ],
    [
      'a stack that is stuck',
      answered('cloudformation:DescribeStacks', stack('UPDATE_ROLLBACK_FAILED', '0.1.0')),
      'problem stack: latchkey-prod is stuck',
    ],
    [
      'a newer stack',
      answered('cloudformation:DescribeStacks', stack('UPDATE_COMPLETE', '0.10.0')),
      'warning stack: latchkey-prod has 0.10.0 (UPDATE_COMPLETE), and this is 0.2.0, which is older',
    ],
    [
      'tables of an earlier stack',
      answered('dynamodb:ListTables', json({ TableNames: ['latchkey-prod-KeysTable1-X'] })),
      'warning tables: 1 are left of an earlier stack (latchkey-prod-KeysTable1-X)',
    ],
    [
      'few functions at once',
      answered('lambda:GetAccountSettings', concurrency(10)),
      'problem Lambda: 10 functions at once in this region, 10 of them not reserved: prod reserves 40, and AWS keeps 100 unreserved. Set streamReaderConcurrency to null, or have the quota',
    ],
    [
      'few functions at once for what is to be kept warm',
      {
        answers: { 'lambda:GetAccountSettings': concurrency(150) },
        patient: { environment: { ...prod, provisionedConcurrency: { 'verify-key': 20 } } },
      },
      'prod reserves 60, and AWS keeps 100 unreserved. Set streamReaderConcurrency to null and provisionedConcurrency to none, or',
    ],
    [
      'few functions that are free',
      answered('lambda:GetAccountSettings', concurrency(1000, 120)),
      'problem Lambda: 1000 functions at once in this region, 120 of them',
    ],
    [
      'few functions, none reserved',
      {
        ...answered('lambda:GetAccountSettings', concurrency(10)),
        ...changed({ streamReaderConcurrency: null }),
      },
      'warning Lambda: 10 functions at once',
    ],
    [
      'an account that may not send',
      answered('ses:GetAccount', json({ ...mailAccount, SendingEnabled: false })),
      'problem mail: SES sends nothing for this account',
    ],
    [
      'the sandbox',
      answered('ses:GetAccount', json({ ...mailAccount, ProductionAccessEnabled: false })),
      'problem mail: SES is in its sandbox',
    ],
    [
      'the sandbox in dev',
      {
        ...answered('ses:GetAccount', json({ ...mailAccount, ProductionAccessEnabled: false })),
        patient: { environment: dev },
      },
      'warning mail: SES is in its sandbox',
    ],
    [
      'a quota nearly used',
      answered(
        'ses:GetAccount',
        json({
          ...mailAccount,
          SendQuota: { Max24HourSend: 200, SentLast24Hours: 190, MaxSendRate: 1 },
        }),
      ),
      'warning mail: 190 of 200 mails sent in 24 hours',
    ],
    [
      'no identity',
      answered('ses:GetEmailIdentity', absent),
      'problem mail: acme.io is no identity of SES here: make it, or set mail.createsIdentity to true',
    ],
    [
      'an identity to come',
      { ...answered('ses:GetEmailIdentity', absent), ...changed(identity) },
      'warning mail: acme.io is made by the deploy. Until it is verified nothing is sent: add the three DKIM records',
    ],
    [
      'an identity in the way',
      changed(identity),
      'problem mail: acme.io is there already, and the stack of prod would make it',
    ],
    [
      'an identity that is not verified',
      answered('ses:GetEmailIdentity', json({ VerifiedForSendingStatus: false })),
      'problem mail: acme.io is not verified, so that keys@acme.io cannot send',
    ],
    [
      'no domain',
      answered('apigateway:GET', absent),
      'warning domain: keys.acme.io is no custom domain of API Gateway here',
    ],
    [
      'a domain to come',
      answered(
        'apigateway:GET',
        json({ domainNameConfigurations: [{ domainNameStatus: 'PENDING_CERTIFICATE_REIMPORT' }] }),
      ),
      'warning domain: keys.acme.io is PENDING_CERTIFICATE_REIMPORT',
    ],
  ])('%s', async (_, given, says) => {
    const lines = bad(await examined(given));
    expect(lines).toEqual([expect.stringContaining(says)]);
    expect(lines[0]).toMatch(/: .+[:.,] \S/);
  });

  it('is content with a domain that the deploy is to make', async () => {
    const domain = {
      name: 'keys.acme.io',
      certificateArn: 'arn:aws:acm:eu-west-1:111122223333:certificate/1',
      hostedZone: null,
    };
    const lines = await examined({
      ...answered('apigateway:GET', absent),
      patient: { environment: { ...prod, domain } },
    });
    expect(bad(lines)).toEqual([]);
    expect(lines).toContain('ok domain: keys.acme.io is made and mapped to the API by the deploy');
  });

  it('and looks no further in another account', async () => {
    const lines = await examined(changed({ account: '222233334444' }));
    expect(lines).toHaveLength(3);
  });

  it.each(Object.keys(healthy).filter((action) => action !== 'sts:GetCallerIdentity'))(
    'a right to look that is missing: %s',
    async (action) => {
      const lines = bad(await examined(answered(action, refused(403, 'AccessDeniedException'))));
      expect(lines).toEqual([
        expect.stringMatching(`^warning .*: could not be looked at: have ${action} allowed`),
      ]);
    },
  );

  it('a service that does not answer, and goes on with the others', async () => {
    const ask: AskAws = async ({ action }) => {
      if (action !== 'ses:GetAccount') return healthy[action] ?? refused(500, 'Unknown');
      throw new NoAnswer('email.eu-west-1.amazonaws.com did not answer');
    };
    const lines = await examined({ patient: { ask } });
    expect(bad(lines)).toEqual([
      'warning mail: could not be looked at: ses:GetAccount answered nothing (email.eu-west-1.amazonaws.com did not answer). Try again',
    ]);
    expect(lines).toHaveLength(9);
  });

  it('a network that is gone', async () => {
    const ask: AskAws = () => Promise.reject(new NoAnswer('sts did not answer'));
    expect(bad(await examined({ patient: { ask } }))).toEqual([
      'problem account: AWS says nothing (sts did not answer): look at the network',
    ]);
  });
});

describe('what AWS bills', () => {
  const alarm = { Type: 'AWS::CloudWatch::Alarm', Properties: {} };
  const synthesised = { resources: { One: alarm, Two: alarm }, bootstrapVersion: 6 };

  it('is told for a number of keys, with the prices that it is counted by', async () => {
    const lines = await examined({ patient: { keys: 1000, synthesised } });
    expect(lines.at(-1)).toMatch(
      /^ok billed: \$400\.\d\d a month with 1000 keys, 100 rotations and 100000 checks: secrets \$400\.40, alarms \$0\.20, dashboards \$0\.00, KMS keys \$0\.00, rotations \$0\.00, checks \$0\.\d\d\. .*us-east-1, \d{4}-\d\d-\d\d$/,
    );
  });

  it('has one secret where keys are not mirrored', async () => {
    const secrets = { ...prod.secrets, storeVirtualKeys: false };
    const patient = { keys: 1000, synthesised, environment: { ...prod, secrets } };
    expect((await examined({ patient })).at(-1)).toContain('secrets $0.40, ');
  });
});

describe('a call', () => {
  it('is signed so that AWS takes it', async () => {
    let seen: { request: IncomingMessage; body: string } | undefined;
    const server = createServer((request, response) => {
      void textOf(request).then((body) => {
        seen = { request, body };
        response.end('{}');
      });
    });
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    onTestFinished(() => void server.close());
    const address = server.address();
    const port = typeof address === 'object' ? address?.port : undefined;
    const ask = askAws({
      region: 'eu-west-1',
      credentials: { accessKeyId: 'AKID', secretAccessKey: 'shh', sessionToken: 'token' },
      endpoint: `http://127.0.0.1:${port}`,
    });
    for (const call of [calls.callerIdentity(), calls.mailIdentity('keys+a@acme.io')]) {
      await ask(call);
      if (seen === undefined) throw new Error('Nothing arrived');
      const { request, body } = seen;
      expect(request.headers['x-amz-security-token']).toBe('token');
      expect(request.headers.authorization).toBe(signatureOf(request, body, call.service));
    }
  });

  it.each([
    [refusal('AccessDeniedException'), 'AccessDeniedException'],
    [{ status: 403, body: '<Error><Code>ExpiredToken</Code></Error>' }, 'ExpiredToken'],
    [
      { status: 404, body: {}, headers: { 'x-amzn-errortype': 'NotFoundException:http://x/' } },
      'NotFoundException',
    ],
    [{ status: 500, body: '' }, 'an error without a name'],
  ])('that is refused has the name of the error: %#', async (answer, error) => {
    const { config } = await cannedAws(answer);
    expect(await askAws(config)(calls.functionQuotas())).toMatchObject({ error });
  });

  it.each(['hangs', 'breaks off'] as const)('that %s is no answer', async (answer) => {
    const { config } = await cannedAws(answer);
    const asked = askAws({ ...config, timeoutMs: 200 })(calls.functionQuotas());
    await expect(asked).rejects.toThrow(NoAnswer);
  });
});

describe('npm run doctor', () => {
  const script = join(import.meta.dirname, '../../scripts/doctor.ts');

  async function command(args: readonly string[], endpoint: string) {
    const child = spawn(process.execPath, [script, ...args], {
      env: {
        PATH: process.env.PATH,
        AWS_ENDPOINT_URL: endpoint,
        AWS_REGION: 'eu-west-1',
        AWS_ACCESS_KEY_ID: 'test',
        AWS_SECRET_ACCESS_KEY: 'test',
      },
    });
    const [stdout, stderr, [status]] = await Promise.all([
      textOf(child.stdout),
      textOf(child.stderr),
      once(child, 'exit'),
    ]);
    return { stdout, stderr, status };
  }

  it('ends with 1 where there is a problem, and asks only what reads', async () => {
    const identity = '<Account>111122223333</Account><Arn>arn:aws:iam::111122223333:root</Arn>';
    const { config, asked, paths } = await cannedAws(
      { status: 200, body: identity },
      refusal('ParameterNotFound'),
      { status: 400, body: '<Code>ValidationError</Code><Message>does not exist</Message>' },
      { status: 200, body: { TableNames: [] } },
      {
        status: 200,
        body: {
          AccountLimit: { ConcurrentExecutions: 1000, UnreservedConcurrentExecutions: 1000 },
        },
      },
    );
    const { stdout, status } = await command(['--env', 'dev', '--keys', '10'], config.endpoint);
    expect(stdout).toContain('problem  bootstrap   The account is not bootstrapped');
    expect(stdout).toContain(' a month with 10 keys, 1 rotations and 1000 checks: ');
    expect(stdout).toMatch(/problems 1, warnings 0\n$/);
    expect(status).toBe(1);
    expect(
      asked.map(({ target, body }) => target || new URLSearchParams(body).get('Action')),
    ).toEqual(['GetCallerIdentity', 'GetParameter', 'DescribeStacks', 'ListTables', null]);
    expect(paths.at(-1)).toBe('/2016-08-19/account-settings');
  });

  it.each([
    [['--env', 'qa'], 1, 'problem  settings    Environment qa: env is unknown'],
    [[], 2, 'Usage'],
    [['--env', 'dev', '--keys', 'many'], 2, 'Usage'],
    [['--env', 'local'], 2, 'npm start sets the local environment up'],
  ])('says what it cannot examine: %j', async (args, code, message) => {
    const { stdout, stderr, status } = await command(args, 'http://127.0.0.1:1');
    expect(stdout + stderr).toContain(message);
    expect(status).toBe(code);
  });
});

/** Signature version 4, by its description alone. */
function signatureOf({ method, url, headers }: IncomingMessage, body: string, service: string) {
  const hmac = (key: string | Buffer, data: string) =>
    createHmac('sha256', key).update(data).digest();
  const sha = (data: string) => createHash('sha256').update(data).digest('hex');
  const [, scope = '', names = ''] =
    /Credential=AKID\/(\S+), SignedHeaders=(\S+),/.exec(headers.authorization ?? '') ?? [];
  const date = String(headers['x-amz-date']);
  const canonical = [
    method,
    (url ?? '').split('/').map(encodeURIComponent).join('/'),
    '',
    ...names.split(';').map((name) => `${name}:${String(headers[name])}`),
    '',
    names,
    sha(body),
  ].join('\n');
  const toSign = ['AWS4-HMAC-SHA256', date, scope, sha(canonical)].join('\n');
  const parts = [date.slice(0, 8), 'eu-west-1', service, 'aws4_request'];
  expect(scope).toBe(parts.join('/'));
  const key = parts.reduce<string | Buffer>(hmac, 'AWS4shh');
  const signature = createHmac('sha256', key).update(toSign).digest('hex');
  return `AWS4-HMAC-SHA256 Credential=AKID/${scope}, SignedHeaders=${names}, Signature=${signature}`;
}
