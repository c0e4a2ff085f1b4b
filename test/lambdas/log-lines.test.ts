/** Every kind of log line has exactly the fields that the runbook lists, and the metrics. */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { logOutcome } from '../../lambdas/email-key-change/handler.ts';
import type { NoticeOutcome } from '../../lambdas/email-key-change/send-notice.ts';
import { deliveryHandler } from '../../lambdas/record-delivery/handler.ts';
import { logFailure } from '../../lambdas/rotate-due-keys/handler.ts';
import { logTrouble } from '../../lambdas/settle-due/handler.ts';
import { metricsOf } from '../../lambdas/shared/adapters/metrics.ts';
import { rowStreamHandler } from '../../lambdas/shared/adapters/row-stream.ts';
import { withRunLine } from '../../lambdas/shared/adapters/run-line.ts';
import { rowItem } from '../../lambdas/shared/adapters/table/items.ts';
import { Unavailable } from '../../lambdas/shared/domain/errors.ts';
import { lambdaContext } from '../fakes/gateway-event.ts';
import { masterKey, startedService } from '../fakes/service.ts';
import { streamRecordOf } from '../fakes/stream-record.ts';
import { documentedLines } from '../fixtures/documented-lines.ts';
import { ownMetrics } from '../fixtures/own-metrics.ts';
import { sesEvents } from '../fixtures/ses-events.ts';
import { settingsWith } from '../fixtures/settings.ts';
import { ask, issue } from './fixtures/calls.ts';
import { claim, mailed } from './fixtures/claims.ts';
import { look } from './fixtures/lists.ts';

type Line = Readonly<Record<string, unknown>>;

let lines: Line[] = [];
beforeEach(() => {
  lines = [];
  vi.stubEnv('SETTINGS', JSON.stringify(settingsWith()));
  vi.spyOn(process.stdout, 'write').mockImplementation((line) => {
    lines.push(JSON.parse(String(line)));
    return true;
  });
});
afterEach(() => {
  vi.restoreAllMocks();
  vi.unstubAllEnvs();
});

const linesOf = (message: string) => lines.filter((line) => line['message'] === message);

interface Declared {
  readonly CloudWatchMetrics?: readonly {
    readonly Namespace: string;
    readonly Dimensions: readonly (readonly string[])[];
    readonly Metrics: readonly { readonly Name: string }[];
  }[];
}

/** The names of a line's metrics, with their dimensions. */
function metricsIn({ _aws }: Line): readonly (readonly [string, readonly string[]])[] {
  const declared: Declared = Object(_aws);
  return (declared.CloudWatchMetrics ?? []).flatMap(({ Namespace, Dimensions, Metrics }) => {
    expect(Namespace).toBe('Latchkey');
    return Metrics.map(({ Name }) => [Name, Dimensions[0] ?? []] as const);
  });
}

/** Makes lines of each kind but those that tests of their functions look at. */
async function everyKind(): Promise<void> {
  const service = await startedService();
  const { key, key_id } = await issue(service, { key_alias: 'a', user_id: 'ada' });
  await look(service, `/key/info?key=${key_id}`);
  await look(service, '/key/info', 'sk-nothing');
  await ask(service, { path: '/key/update', body: { key: key_id, max_budget: -1 } });
  await ask(service, { path: '/key/verify', body: { key } });
  await look(service, '/no/such/path');
  await look(service, '/health/liveliness');
  const { claim: token } = await mailed(service);
  await claim(service, token);
  await service.send({
    method: 'POST',
    path: '/email/event_settings/reset',
    headers: { authorization: `Bearer ${masterKey}` },
  });

  const { table } = service;
  const load = table.load.bind(table);
  table.load = async () => {
    throw new Unavailable('Slow down.', 1, new Error('ThrottlingException'));
  };
  await look(service, '/key/info');
  table.load = async () => {
    throw new Error('A bug');
  };
  await look(service, '/key/info');
  table.load = load;

  const read = rowStreamHandler('audit-key-change', async ({ after }) => {
    if (after.keyId === key_id) throw new Error('down');
  });
  const records = table.stream.map(({ before, after }, index) =>
    streamRecordOf({
      sequenceNumber: String(index),
      at: new Date(),
      pk: `KEY#${after.keyId}`,
      before: before && rowItem(before),
      after: rowItem(after),
      isExpiry: false,
    }),
  );
  await read({ Records: records }, lambdaContext);

  const deps = {
    table,
    random: service.random,
    now: service.now,
    settings: service.settings,
    deliveries: service.notices,
  };
  await deliveryHandler(
    () => deps,
    (counts) => metricsOf('test', counts),
  )(
    {
      Records: ['no JSON', JSON.stringify(sesEvents.bounce('gone'))].map((body, index) => ({
        messageId: String(index),
        body,
        receiptHandle: '',
        attributes: {
          ApproximateReceiveCount: '1',
          SentTimestamp: '0',
          SenderId: 's',
          ApproximateFirstReceiveTimestamp: '0',
        },
        messageAttributes: {},
        md5OfBody: '',
        eventSource: 'aws:sqs',
        eventSourceARN: 'arn',
        awsRegion: 'eu-west-1',
      })),
    },
    lambdaContext,
  );

  const settleDue = { operation: 'settle-due', environment: 'test', requestId: 'run-1' };
  await withRunLine(settleDue, () => service.repair());
  await withRunLine({ ...settleDue, operation: 'rotate-due-keys' }, () => service.rotate());
  for (const trouble of ['failed', 'stuck', 'missing', 'audit-gap', 'audit-unfinished'] as const) {
    logTrouble(key_id, trouble, {
      ...(trouble === 'failed' ? { error: new Error('broken') } : {}),
      ...(trouble === 'audit-gap' ? { gap: { kind: 'missing', seq: 3 } } : {}),
    });
  }
  logFailure(key_id, new Unavailable('Refused.', 1, new Error('PutSecretValue refused')));
  for (const outcome of outcomes) {
    const notice = { id: 'notice-1', keyId: key_id, event: 'key_created', rev: 1 } as const;
    logOutcome(settingsWith(), notice, outcome, outcome === 'sent' ? undefined : 'Throttling');
  }
}

const outcomes: readonly NoticeOutcome[] = ['sent', 'rejected', 'parked', 'barred', 'put-off'];

describe('log lines', () => {
  it('have the fields that the runbook lists for their kind, all of them and no others', async () => {
    await everyKind();
    expect(lines.length).toBeGreaterThan(30);
    for (const line of lines) {
      const { level, message, _aws, environment, ...fields } = line;
      const kind = documentedLines.get(String(message));
      if (kind === undefined) throw new Error(`"${String(message)}" is not in the runbook`);
      expect(['info', 'error']).toContain(level);
      const counted = kind.metrics.filter((name) => name in fields);
      const named = Object.keys(fields).filter((name) => !counted.includes(name));
      expect(named, JSON.stringify(line)).toEqual(expect.arrayContaining([...kind.always]));
      expect([...kind.always, ...kind.sometimes], JSON.stringify(line)).toEqual(
        expect.arrayContaining(named),
      );
      expect(environment === undefined, JSON.stringify(line)).toBe(counted.length === 0);
      for (const [name, dimensions] of metricsIn(line)) {
        expect(dimensions, name).toEqual(ownMetrics[name]);
        expect(counted).toContain(name);
        expect(line[name]).toBeGreaterThan(0);
      }
    }
  });

  it('are all in the runbook, and the runbook has no others', () => {
    const written = new Set<string>();
    const folder = join(import.meta.dirname, '../../lambdas');
    for (const path of readdirSync(folder, { recursive: true, encoding: 'utf8' })) {
      if (!path.endsWith('.ts') || path.endsWith('adapters/log.ts')) continue;
      const text = readFileSync(join(folder, path), 'utf8');
      // The second argument: the first text between two commas.
      for (const [, , message = ''] of text.matchAll(/\blog\([^;]*?,\s*(['`])([^'`]+)\1,/g)) {
        written.add(message.replace(/\$\{.*/, ''));
      }
    }
    const messages = new Set(
      [...documentedLines.keys()].map((message) =>
        message.replace(/^(mail|repair) (?!settings).+$/, '$1 '),
      ),
    );
    expect(written.size).toBeGreaterThan(5);
    expect([...written].sort()).toEqual([...messages].sort());
  });

  it('carry the metrics that graphs and alarms are made of, all of them and no others', () => {
    const named = new Set([...documentedLines.values()].flatMap(({ metrics }) => metrics));
    expect([...named].sort()).toEqual(Object.keys(ownMetrics).sort());
  });

  it('tell who called, about which key, and how it ended', async () => {
    const service = await startedService();
    const { key_id } = await issue(service, { key_alias: 'a' });
    await look(service, `/key/info?key=${key_id}`);
    await look(service, `/key/info?key=${key_id}`, 'sk-nothing');
    await look(service, '/key/info?key=unknown');
    const common = { request_id: 'request-1', aws_calls: 0, duration_ms: expect.any(Number) };
    expect(linesOf('request')).toMatchObject([
      { ...common, operation: 'generate-key', status: 200, principal: 'master', key_id },
      { ...common, operation: 'show-key-info', status: 200, principal: 'master', key_id },
      { ...common, status: 401, error_type: 'auth_error' },
      { ...common, status: 404, principal: 'master' },
    ]);
    expect(linesOf('request')[2]).not.toHaveProperty('key_id');
    expect(linesOf('request')[2]).not.toHaveProperty('principal');
  });

  it('count a 5xx under the operation, and no other answer', async () => {
    const service = await startedService();
    await look(service, '/key/info?key=unknown');
    service.table.load = async () => {
      throw new Error('A bug');
    };
    await look(service, '/key/info');
    const [refused = {}, failed = {}] = linesOf('request');
    expect(refused).not.toHaveProperty('_aws');
    expect(metricsIn(failed)).toEqual([['ServerErrors', ['environment', 'operation']]]);
    expect(failed).toMatchObject({
      level: 'error',
      environment: 'test',
      operation: 'show-key-info',
      ServerErrors: 1,
    });
  });

  it('say what failed also where the function has no settings', async () => {
    vi.stubEnv('SETTINGS', '');
    const service = await startedService();
    service.table.load = async () => {
      throw new Error('A bug');
    };
    expect((await look(service, '/key/info')).status).toBe(500);
    expect(linesOf('request')).toMatchObject([{ level: 'error', status: 500 }]);
    expect(linesOf('request')[0]).not.toHaveProperty('_aws');
  });

  it('count nothing as a metric where nothing is to be counted', () => {
    expect(metricsOf('test', { A: 0, B: 0 })).toEqual({ environment: 'test', A: 0, B: 0 });
    expect(metricsIn({ ...metricsOf('test', { A: 0, B: 2 }) })).toEqual([['B', ['environment']]]);
  });
});
