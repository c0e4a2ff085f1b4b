/** What a situation finds and what it leaves. */
import type { ProcessStores } from '../fakes/service.ts';
import type { Names, RouteName, Sample, SampleService } from './samples.ts';

export interface Exchange extends Sample {
  readonly route: RouteName;
  readonly status: number;
  readonly answerHeaders: Readonly<Record<string, unknown>>;
  /** Read from JSON where it is that. */
  readonly answer: unknown;
}

export interface Sent {
  /** The caller's; null for none. Default: the admin's. */
  readonly key?: string | null;
  /** In the place of the body. */
  readonly text?: string;
  /** Default: the service's own stores. */
  readonly seen?: ProcessStores;
}

export interface Scene {
  readonly service: SampleService;
  /** Of a key that has everything. */
  readonly names: Names;
  /** The route's request that succeeds, about that key. */
  readonly sample: Sample;
  readonly sampleOf: (names: Names) => Sample;
  /** Sends to the route and notes it. */
  readonly send: (sample: Sample, sent?: Sent) => Promise<Exchange>;
}

/** What is sent to a route, after requests that only prepare it. */
export type Situation = (scene: Scene) => Promise<unknown>;
