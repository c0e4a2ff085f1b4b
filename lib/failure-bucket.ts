import { Duration, RemovalPolicy, Validations } from 'aws-cdk-lib';
import { Metric } from 'aws-cdk-lib/aws-cloudwatch';
import type { IEventSourceDlq } from 'aws-cdk-lib/aws-lambda';
import { BlockPublicAccess, Bucket, BucketEncryption } from 'aws-cdk-lib/aws-s3';
import type { ITopic } from 'aws-cdk-lib/aws-sns';
import type { Construct } from 'constructs';
import { acknowledgeWildcard } from './acknowledge-wildcard.ts';
import { addAlarm } from './alarm.ts';
import type { Environment } from './environment.ts';
import type { Operation } from './operation.ts';

/**
 * Keeps the stream records that a reader gave up on, whole, so that they can be replayed: a queue or
 * topic would get only their position in a stream that forgets after 24 hours.
 * https://docs.aws.amazon.com/lambda/latest/dg/services-dynamodb-errors.html
 */
export class FailureBucket extends Bucket {
  /** How many objects it has. S3 counts once a day, and tells some hours later. */
  readonly objects: Metric;

  constructor(scope: Construct, id: string, { keepsData, retention }: Environment, alarms: ITopic) {
    super(scope, id, {
      encryption: BucketEncryption.S3_MANAGED,
      enforceSSL: true,
      blockPublicAccess: BlockPublicAccess.BLOCK_ALL,
      lifecycleRules: [
        {
          expiration: Duration.days(retention.failuresDays),
          abortIncompleteMultipartUploadAfter: Duration.days(1),
        },
      ],
      removalPolicy: keepsData ? RemovalPolicy.RETAIN : RemovalPolicy.DESTROY,
    });
    Validations.of(this).acknowledge({
      id: 'AwsSolutions-S1',
      reason:
        'Only Lambda writes here, rarely, and only to report a failure, which raises an alarm.',
    });
    this.objects = new Metric({
      namespace: 'AWS/S3',
      metricName: 'NumberOfObjects',
      dimensionsMap: { BucketName: this.bucketName, StorageType: 'AllStorageTypes' },
      statistic: 'Maximum',
      period: Duration.days(1),
    });
    // A reader's `GivenUp` tells at once; this one stays for as long as there is something to replay.
    addAlarm(this, 'NotEmptyAlarm', {
      metric: this.objects,
      threshold: 1,
      // The count of a day comes in the next.
      periods: 2,
      impact:
        'Auditors miss changes of keys, or owners their mails, until what was given up is replayed.',
      runbook: 'replaying-what-was-given-up',
      topic: alarms,
    });
  }

  /**
   * Takes what the function gives up. CDK's own `S3OnFailureDestination` would let the function read,
   * change and delete what is here as well; these two actions are what AWS asks for.
   */
  destinationOf(operation: Operation): IEventSourceDlq {
    operation.allow(['s3:PutObject'], [this.arnForObjects('*')]);
    operation.allow(['s3:ListBucket'], [this.bucketArn]);
    acknowledgeWildcard(
      operation,
      this.arnForObjects('*'),
      'Lambda chooses the names of the objects; the bucket holds nothing else.',
    );
    return { bind: () => ({ destination: this.bucketArn }) };
  }
}
