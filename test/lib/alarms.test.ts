/** Every alarm of every environment: who suffers, what to read, and that somebody is told. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { plain, resourcesOf } from './fixtures/resources.ts';
import { sample, templateOf } from './fixtures/synthesise.ts';

const runbook = readFileSync(join(import.meta.dirname, '../../docs/runbook.md'), 'utf8');
const headings = new Set(
  [...runbook.matchAll(/^#+ (.+)$/gm)].map(([, heading = '']) =>
    heading
      .toLowerCase()
      .replaceAll(/[^a-z0-9 -]/g, '')
      .replaceAll(' ', '-'),
  ),
);

/** Who is named by the first sentence of a description. */
const whoSuffers =
  /\b(nobody|callers?|gateways?|people|owners?|holders?|admins?|auditors?|probes|links|keys?|budgets|aliases|changes of keys|mails?)\b/i;

const environments = Object.entries(sample);
const alarmsOf = (environment: (typeof sample)[keyof typeof sample]) =>
  Object.entries(resourcesOf(templateOf(environment), 'AWS::CloudWatch::Alarm'));

describe.each(environments)('each alarm of %s', (_, environment) => {
  const alarms = alarmsOf(environment);

  it('says in one sentence who suffers, and links to a heading of the runbook', () => {
    for (const [id, { Properties }] of alarms) {
      const description = plain(Properties['AlarmDescription']);
      const [, sentence = '', heading = ''] =
        /^([A-Z][^.]+\.) Runbook: docs\/runbook\.md#([a-z0-9-]+)$/.exec(description) ?? [];
      expect(sentence, `${id}: ${description}`).toMatch(whoSuffers);
      expect([...headings], id).toContain(heading);
    }
  });

  it('tells the topic, and has an answer to what it is to make of no data', () => {
    for (const [id, { Properties }] of alarms) {
      expect(Properties['AlarmActions'], id).toEqual([
        { Ref: expect.stringMatching(/^AlarmsTopic/) },
      ]);
      const isQuiet = id.endsWith('NotRunAlarm');
      expect(Properties['TreatMissingData'], id).toBe(isQuiet ? 'breaching' : 'notBreaching');
    }
  });

  it('is in the table of the runbook', () => {
    const table = runbook.split('| Alarm | Functions | Means |')[1]?.split('\n\n')[0] ?? '';
    const listed = new Set([...table.matchAll(/`(\w+)`/g)].map(([, name = '']) => name));
    for (const [id] of alarms) {
      const names = [...listed].filter((name) => id.endsWith(`${name}Alarm`));
      expect(names, id).not.toEqual([]);
    }
  });
});

describe('alarms', () => {
  const byId = Object.fromEntries(alarmsOf(sample.full));
  const ofFunctions = Object.keys(
    resourcesOf(templateOf(sample.full), 'AWS::Lambda::Function'),
  ).filter((id) => !id.includes('Providerframework'));

  it('watch the errors and the throttles of each function', () => {
    for (const id of ofFunctions) {
      for (const [name, MetricName] of [
        ['Errors', 'Errors'],
        ['Throttles', 'Throttles'],
      ] as const) {
        expect(byId[`${id.replace(/Function$/, name)}Alarm`]?.Properties, id).toMatchObject({
          Namespace: 'AWS/Lambda',
          MetricName,
          Dimensions: [{ Name: 'FunctionName', Value: { Ref: expect.stringContaining(id) } }],
          Statistic: 'Sum',
          Period: 300,
          Threshold: 1,
        });
      }
    }
  });

  it('watch what an operation answers with a 5xx, which is no error of its function', () => {
    const watched = Object.entries(byId).filter(([id]) => id.endsWith('ServerErrorsAlarm'));
    expect(watched).toHaveLength(26);
    expect(byId['generatekeyServerErrorsAlarm']?.Properties).toMatchObject({
      Namespace: 'Latchkey',
      MetricName: 'ServerErrors',
      Dimensions: [
        { Name: 'environment', Value: 'prod' },
        { Name: 'operation', Value: 'generate-key' },
      ],
      Statistic: 'Sum',
      Threshold: 1,
    });
  });

  it('stay on while the failure bucket has something, though S3 counts but once a day', () => {
    expect(byId['StreamsFailuresNotEmptyAlarm']?.Properties).toMatchObject({
      Namespace: 'AWS/S3',
      MetricName: 'NumberOfObjects',
      Dimensions: [
        { Name: 'BucketName', Value: { Ref: expect.stringMatching(/^StreamsFailures/) } },
        { Name: 'StorageType', Value: 'AllStorageTypes' },
      ],
      Statistic: 'Maximum',
      Period: 86_400,
      EvaluationPeriods: 2,
      DatapointsToAlarm: 1,
      Threshold: 1,
    });
  });

  it.each(['audit', 'email'])(
    'of the %s reader tell of records that could not even be kept',
    (reader) => {
      expect(byId[`Streams${reader}keychangeNotKeptAlarm`]?.Properties).toMatchObject({
        Namespace: 'AWS/Lambda',
        MetricName: 'DestinationDeliveryFailures',
        Statistic: 'Sum',
        Threshold: 1,
      });
    },
  );
});
