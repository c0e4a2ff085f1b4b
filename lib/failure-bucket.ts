import { Duration, RemovalPolicy, Validations } from 'aws-cdk-lib';
import type { IEventSourceDlq } from 'aws-cdk-lib/aws-lambda';
import { BlockPublicAccess, Bucket, BucketEncryption } from 'aws-cdk-lib/aws-s3';
import type { Construct } from 'constructs';
import { acknowledgeWildcard } from './acknowledge-wildcard.ts';
import type { Environment } from './environment.ts';
import type { Operation } from './operation.ts';

/**
 * Keeps the stream records that a reader gave up on, whole, so that they can be replayed: a queue or
 * topic would get only their position in a stream that forgets after 24 hours.
 * https://docs.aws.amazon.com/lambda/latest/dg/services-dynamodb-errors.html
 */
export class FailureBucket extends Bucket {
  constructor(scope: Construct, id: string, { keepsData, retention }: Environment) {
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
