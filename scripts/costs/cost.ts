/** What an operation, and a month of an environment, cost at list prices. */
import prices from './prices.json' with { type: 'json' };

/** What one call of an operation uses; `node bench/costs.ts` measures it. */
export interface Usage {
  /** Requests that reach API Gateway. */
  readonly apiRequests: number;
  /** Calls of functions: its own, and those of the stream readers it causes. */
  readonly lambdaRequests: number;
  readonly readUnits: number;
  readonly writeUnits: number;
  readonly tableCalls: number;
  readonly secretCalls: number;
  readonly logBytes: number;
}

/**
 * How long a function runs: not measured, for only AWS could tell. A warm one, with 512 MB as deployed.
 */
export const assumed = { memoryGb: 0.5, ownMs: 5, tableCallMs: 6, secretCallMs: 40 } as const;

/** Dollars of a million calls. */
export function dollarsPerMillion(usage: Usage): number {
  const { million, lambdaGbSecond, logGb } = prices;
  const runMs =
    usage.lambdaRequests * assumed.ownMs +
    usage.tableCalls * assumed.tableCallMs +
    usage.secretCalls * assumed.secretCallMs;
  return (
    usage.apiRequests * million.apiRequests +
    usage.lambdaRequests * million.lambdaRequests +
    usage.readUnits * million.readUnits +
    usage.writeUnits * million.writeUnits +
    usage.secretCalls * million.secretCalls +
    runMs * 1e3 * assumed.memoryGb * lambdaGbSecond +
    (usage.logBytes * 1e6 * logGb) / 1e9
  );
}

/** What is there whatever the traffic. */
export interface Standing {
  readonly secrets: number;
  readonly alarms: number;
  readonly dashboards: number;
  readonly kmsKeys: number;
}

/** Dollars of a month, by what they are for. */
export const standingDollars = ({ secrets, alarms, dashboards, kmsKeys }: Standing) => ({
  secrets: secrets * prices.month.secret,
  alarms: alarms * prices.month.alarm,
  dashboards: dashboards * prices.month.dashboard,
  'KMS keys': kmsKeys * prices.month.kmsKey,
});

export const { asOf, region } = prices;
