import { Alias, type IFunction, type Function as LambdaFunction } from 'aws-cdk-lib/aws-lambda';

/**
 * What is to be called in the function's place, so that as many of its containers as asked for are ready
 * before the first call: an alias of its present version. The function itself where none are asked for.
 */
export function keptWarm(lambda: LambdaFunction, containers: number | undefined): IFunction {
  if (containers === undefined) return lambda;
  return new Alias(lambda, 'Live', {
    aliasName: 'live',
    version: lambda.currentVersion,
    provisionedConcurrentExecutions: containers,
  });
}
