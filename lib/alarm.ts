import { ComparisonOperator, type Metric, TreatMissingData } from 'aws-cdk-lib/aws-cloudwatch';
import { SnsAction } from 'aws-cdk-lib/aws-cloudwatch-actions';
import type { ITopic } from 'aws-cdk-lib/aws-sns';
import type { Construct } from 'constructs';

export interface AlarmProps {
  readonly metric: Metric;
  readonly threshold: number;
  /** One sentence on who suffers. */
  readonly impact: string;
  /** Heading in docs/runbook.md. */
  readonly runbook: string;
  readonly topic: ITopic;
}

/** Tells the topic when the metric reaches the threshold; the message says who suffers and what to read. */
export function addAlarm(scope: Construct, id: string, props: AlarmProps): void {
  const { metric, threshold, impact, runbook, topic } = props;
  const alarm = metric.createAlarm(scope, id, {
    alarmDescription: `${impact} Runbook: docs/runbook.md#${runbook}`,
    threshold,
    evaluationPeriods: 1,
    comparisonOperator: ComparisonOperator.GREATER_THAN_OR_EQUAL_TO_THRESHOLD,
    // No call, no data point: quiet is not a fault.
    treatMissingData: TreatMissingData.NOT_BREACHING,
  });
  alarm.addAlarmAction(new SnsAction(topic));
}
