import { fallbackOperation, routes } from '../lambdas/shared/http/routes.ts';
import type { Environment, Throttle } from './environment.ts';
import type { Refuse } from './environment-error.ts';
import { isCount } from './is-count.ts';

const routeKeys = new Set(routes.map(({ method, path }) => `${method} ${path}`));
const apiOperations = new Set<string>([
  ...routes.map(({ operation }) => operation),
  fallbackOperation,
]);

/** Refuses limits that are none, and those of a route or an operation that is not there. */
export function checkLoad(environment: Environment, refuse: Refuse): void {
  const { throttling, provisionedConcurrency } = environment;
  checkThrottle('throttling', throttling, refuse);
  for (const [routeKey, throttle] of Object.entries(throttling.routes)) {
    if (!routeKeys.has(routeKey)) {
      refuse(
        'throttling.routes',
        `has "${routeKey}", which is no route: use one of ${[...routeKeys].join(', ')}`,
      );
    }
    checkThrottle(`throttling.routes["${routeKey}"]`, throttle, refuse);
  }
  for (const [operation, count] of Object.entries(provisionedConcurrency)) {
    if (!apiOperations.has(operation)) {
      refuse(
        'provisionedConcurrency',
        `has "${operation}", which answers no route: use one of ${[...apiOperations].join(', ')}`,
      );
    }
    if (!isCount(count)) {
      refuse(
        `provisionedConcurrency["${operation}"]`,
        'must be above 0: leave out what needs none',
      );
    }
  }
}

function checkThrottle(setting: string, { ratePerSecond, burst }: Throttle, refuse: Refuse) {
  if (!isCount(ratePerSecond)) refuse(`${setting}.ratePerSecond`, 'must be above 0');
  if (!isCount(burst)) refuse(`${setting}.burst`, 'must be above 0');
}
