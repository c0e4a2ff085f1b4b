import * as z from 'zod/mini';

const fault = z.object({
  /** Name of an operation, such as `PutSecretValue`, or `*` for any. */
  operation: z.string(),
  /**
   * `refuse`: AccessDeniedException, no effect. `throttle`: ThrottlingException, no effect. `hang`: no
   * answer, no effect. `lose-answer`: the effect takes place, no answer.
   */
  mode: z.enum(['refuse', 'throttle', 'hang', 'lose-answer']),
  /** How many matching calls it hits before it is spent. */
  times: z.prefault(z.number().check(z.int(), z.positive()), 1),
  /** Only calls whose secret name or ARN contains this text, so that tests do not hit each other. */
  secret: z.prefault(z.string(), ''),
});

export type Fault = z.infer<typeof fault>;

/** The faults waiting to happen, oldest first. */
export interface Faults {
  /** Throws when the text is not the JSON of a fault. */
  add(json: string): Fault;
  /** The mode of the first fault that matches this call, which counts as used; null for none. */
  take(operation: string, secret: string): Fault['mode'] | null;
  pending(): Fault[];
  clear(): void;
}

export function faultQueue(): Faults {
  let faults: Fault[] = [];
  return {
    add(json) {
      const added = z.parse(fault, JSON.parse(json));
      faults.push(added);
      return added;
    },
    take(operation, secret) {
      const hit = faults.find(
        (each) =>
          (each.operation === '*' || each.operation === operation) && secret.includes(each.secret),
      );
      if (hit === undefined) return null;
      hit.times -= 1;
      faults = faults.filter((each) => each.times > 0);
      return hit.mode;
    },
    pending: () => faults.map((each) => ({ ...each })),
    clear() {
      faults = [];
    },
  };
}
