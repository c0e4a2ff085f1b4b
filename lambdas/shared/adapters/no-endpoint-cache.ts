/**
 * Stands in for `@aws-sdk/endpoint-cache` in the bundles (`scripts/build.ts` aliases it). A DynamoDB
 * client makes one for endpoint discovery, which is off unless asked for; its LRU cache costs 5 kB.
 */
export class EndpointCache {
  get(): never {
    throw new Error('The bundles have no endpoint discovery: unset AWS_ENABLE_ENDPOINT_DISCOVERY');
  }
}
