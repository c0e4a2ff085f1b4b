/** The dashboard shows what there is: metrics that functions or AWS emit, under their true dimensions. */
import { describe, expect, it } from 'vitest';
import { ownMetrics } from '../fixtures/own-metrics.ts';
import { plain, resourcesOf } from './fixtures/resources.ts';
import { sample, templateOf } from './fixtures/synthesise.ts';

type Sample = (typeof sample)[keyof typeof sample];

interface Widget {
  readonly type: string;
  readonly properties: {
    readonly title: string;
    readonly metrics?: readonly (readonly unknown[])[];
    readonly alarms?: readonly string[];
  };
}

function widgetsOf(environment: Sample): readonly Widget[] {
  const [dashboard] = Object.values(
    resourcesOf(templateOf(environment), 'AWS::CloudWatch::Dashboard'),
  );
  return JSON.parse(plain(dashboard?.Properties['DashboardBody'])).widgets;
}

/** Namespace, name and dimensions of each metric on it, as one text. */
const shownOn = (environment: Sample) =>
  widgetsOf(environment).flatMap(({ properties: { metrics = [] } }) =>
    metrics.map((metric) => metric.filter((part) => typeof part === 'string').join(' ')),
  );

const functionsOf = (environment: Sample) =>
  Object.keys(resourcesOf(templateOf(environment), 'AWS::Lambda::Function'));

describe.each(Object.entries(sample))('the dashboard of %s', (_, environment) => {
  it('is one, named after the environment and its region', () => {
    const dashboards = Object.values(
      resourcesOf(templateOf(environment), 'AWS::CloudWatch::Dashboard'),
    );
    expect(dashboards.map(({ Properties }) => plain(Properties['DashboardName']))).toEqual([
      expect.stringMatching(new RegExp(`^latchkey-${environment.name}-(AWS::Region|[a-z0-9-]+)$`)),
    ]);
  });

  it('has the state of every alarm', () => {
    const alarms = resourcesOf(templateOf(environment), 'AWS::CloudWatch::Alarm');
    const [status] = widgetsOf(environment).filter(({ type }) => type === 'alarm');
    expect(
      [...(status?.properties.alarms ?? [])].map((arn) => arn.replace(/\..*/, '')).sort(),
    ).toEqual(Object.keys(alarms).sort());
  });

  it('shows only metrics that are emitted, with the dimensions that they have', () => {
    const functions = functionsOf(environment);
    for (const metric of shownOn(environment)) {
      const [namespace = '', name = '', ...dimensions] = metric.split(' ');
      const isThere: Readonly<Record<string, () => boolean>> = {
        Latchkey: () =>
          dimensions.filter((_name, index) => index % 2 === 0).join() ===
            ownMetrics[name]?.join() && dimensions[1] === environment.name,
        'AWS/Lambda': () =>
          (dimensions[0] === 'FunctionName' && functions.includes(dimensions[1] ?? '')) ||
          (name === 'OnFailureDestinationDeliveredEventCount' &&
            dimensions[0] === 'EventSourceMappingUUID'),
        'AWS/ApiGateway': () =>
          ['Count', '4xx', '5xx', 'Latency'].includes(name) &&
          dimensions.join(' ') === 'ApiId ApiHttp',
        'AWS/S3': () => name === 'NumberOfObjects' && dimensions.includes('AllStorageTypes'),
        'AWS/SQS': () => name === 'ApproximateNumberOfMessagesVisible',
      };
      expect(isThere[namespace]?.(), metric).toBe(true);
    }
  });

  it('leaves out no metric of the alarms, but for those of single troubles', () => {
    const shown = new Set(shownOn(environment).map((metric) => metric.split(' ')[1]));
    const watched = Object.values(resourcesOf(templateOf(environment), 'AWS::CloudWatch::Alarm'));
    const names = new Set(watched.map(({ Properties }) => String(Properties['MetricName'])));
    expect([...names].filter((name) => !shown.has(name)).sort()).toEqual(
      [
        'DestinationDeliveryFailures',
        ...(environment.mail.alerting ? ['ParkedMailsFailed'] : []),
      ].sort(),
    );
  });
});

describe('the dashboard', () => {
  it('shows nothing of mails where mail is off', () => {
    const titles = (environment: Sample) =>
      widgetsOf(environment).map(({ properties }) => properties.title);
    expect(titles(sample.prod)).not.toContain('Mails');
    expect(titles(sample.full)).toContain('Mails');
  });
});
