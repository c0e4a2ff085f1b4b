import { Aws, Duration, Stack } from 'aws-cdk-lib';
import {
  Alarm,
  AlarmStatusWidget,
  Dashboard,
  GraphWidget,
  type IMetric,
  type Metric,
} from 'aws-cdk-lib/aws-cloudwatch';
import { Construct } from 'constructs';
import type { KeyApi } from './api.ts';
import { serverErrorsOf } from './api-operations.ts';
import type { Environment } from './environment.ts';
import { fiveMinutes, latchkeyMetric } from './latchkey-metric.ts';
import type { MailDeliveries } from './mail-deliveries.ts';
import type { Operation } from './operation.ts';
import type { StreamReaders } from './stream-readers.ts';

export interface EnvironmentDashboardProps {
  readonly environment: Environment;
  readonly api: KeyApi;
  readonly apiOperations: readonly Operation[];
  readonly readers: StreamReaders;
  readonly scheduled: readonly Operation[];
  /** Null where mail is off. */
  readonly deliveries: MailDeliveries | null;
}

/**
 * The environment at one glance, made last: the state of every alarm of the stack, and behind it what
 * the alarms look at. Nothing is on it that costs a metric of its own.
 */
export class EnvironmentDashboard extends Construct {
  constructor(scope: Construct, id: string, props: EnvironmentDashboardProps) {
    super(scope, id);
    const { environment, api, apiOperations, readers, scheduled, deliveries } = props;
    const dashboard = new Dashboard(this, 'Dashboard', {
      // Dashboards are the account's, whatever the region.
      dashboardName: `latchkey-${environment.name}-${Aws.REGION}`,
      defaultInterval: Duration.days(1),
    });
    const ours = (name: string, statistic = 'Sum') =>
      latchkeyMetric(environment, name, { statistic });
    const stackAlarms = Stack.of(this)
      .node.findAll()
      .filter((construct) => construct instanceof Alarm);
    dashboard.addWidgets(
      new AlarmStatusWidget({ title: 'Alarms', alarms: stackAlarms, width: 24, height: 8 }),
    );
    dashboard.addWidgets(
      graph('Requests, and refused or failed ones', [
        api.http.metricCount(sum),
        api.http.metricClientError(sum),
        api.http.metricServerError(sum),
      ]),
      graph('Latency of the API (ms)', [
        api.http.metricLatency({ statistic: 'p50', period: fiveMinutes }),
        api.http.metricLatency({ statistic: 'p99', period: fiveMinutes }),
      ]),
    );
    dashboard.addWidgets(
      graph(
        'Calls',
        each(apiOperations, ({ lambda }) => lambda.metricInvocations(sum)),
      ),
      graph(
        'Latency (ms, p99)',
        each(apiOperations, ({ lambda }) =>
          lambda.metricDuration({ statistic: 'p99', period: fiveMinutes }),
        ),
      ),
      graph(
        'Answers with a 5xx',
        each(apiOperations, ({ node }) => serverErrorsOf(environment, node.id)),
      ),
    );
    const functions = [
      ...apiOperations,
      readers.auditKeyChange,
      readers.emailKeyChange,
      ...scheduled,
      ...(deliveries === null ? [] : [deliveries.recordDelivery]),
    ];
    dashboard.addWidgets(
      graph(
        'Errors of functions',
        each(functions, ({ errors }) => errors),
      ),
      graph(
        'Throttled functions',
        each(functions, ({ throttles }) => throttles),
      ),
    );
    dashboard.addWidgets(
      graph('Oldest change not read (ms)', readers.iteratorAges),
      graph('Records given up', readers.givenUp),
      graph('Objects in the failure bucket', [readers.failures.objects]),
    );
    dashboard.addWidgets(
      graph('Oldest open step, oldest rotation that is due (s)', [
        ours('OldestIntentSeconds', 'Maximum'),
        ours('OldestRotationSeconds', 'Maximum'),
      ]),
      graph(
        'What the reconciler cannot put right',
        ['StuckIntents', 'Failed', 'SecretsMissing', 'AuditGap'].map((name) =>
          ours(name, 'Maximum'),
        ),
      ),
    );
    if (deliveries === null) return;
    dashboard.addWidgets(
      graph(
        'Mails',
        ['MailsSent', 'MailsParked', 'MailsBounced', 'MailsRejected', 'MailsBarred'].map((name) =>
          ours(name),
        ),
      ),
      graph('News of mails that was given up', [deliveries.kept]),
    );
  }
}

const sum = { statistic: 'Sum', period: fiveMinutes } as const;

const each = (operations: readonly Operation[], metricOf: (operation: Operation) => Metric) =>
  operations.map((operation) => metricOf(operation).with({ label: operation.node.id }));

const graph = (title: string, left: readonly IMetric[]) =>
  new GraphWidget({ title, left: [...left], width: 8, height: 6, leftYAxis: { min: 0 } });
