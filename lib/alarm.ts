import { ComparisonOperator, type Metric, TreatMissingData } from 'aws-cdk-lib/aws-cloudwatch';
import { SnsAction } from 'aws-cdk-lib/aws-cloudwatch-actions';
import type { ITopic } from 'aws-cdk-lib/aws-sns';
import type { Construct } from 'constructs';

export interface AlarmProps {
  readonly metric: Metric;
  /** Reached or passed, it raises the alarm; `none` does so where nothing was counted at all. */
  readonly threshold: number | 'none';
  /** One sentence on who suffers. */
  readonly impact: string;
  /** Heading in docs/runbook.md. */
  readonly runbook: string;
  readonly topic: ITopic;
  /** Raised too where an earlier period was at the threshold and this one has no data yet. Default: 1. */
  readonly periods?: number;
}

/** Tells the topic when the metric is at the threshold; the message says who suffers and what to read. */
export function addAlarm(scope: Construct, id: string, props: AlarmProps): void {
  const { metric, threshold, impact, runbook, topic, periods = 1 } = props;
  const alarm = metric.createAlarm(scope, id, {
    alarmDescription: `${impact} Runbook: docs/runbook.md#${runbook}`,
    evaluationPeriods: periods,
    datapointsToAlarm: 1,
    ...(threshold === 'none' ? isQuiet : isReached(threshold)),
  });
  alarm.addAlarmAction(new SnsAction(topic));
}

const isReached = (threshold: number) => ({
  threshold,
  comparisonOperator: ComparisonOperator.GREATER_THAN_OR_EQUAL_TO_THRESHOLD,
  // No call, no data point: quiet is not a fault.
  treatMissingData: TreatMissingData.NOT_BREACHING,
});

/** For what must happen: where it does not, there is no data point to compare either. */
const isQuiet = {
  threshold: 1,
  comparisonOperator: ComparisonOperator.LESS_THAN_THRESHOLD,
  treatMissingData: TreatMissingData.BREACHING,
};
