import * as z from 'zod/mini';

const fault = z.object({
  /** Name of an operation, such as `PutSecretValue`, or `*` for any. */
  operation: z.string(),
  /**
   * `refuse`: AccessDeniedException, no effect. `throttle`: the service's throttling, no effect.
   * `fail`: its internal error, no effect. `hang`: no answer, no effect. `lose-answer`: the effect
   * takes place, no answer. `cut`: the effect takes place, and the connection breaks instead of an
   * answer. `kill`: the process that called is killed, no effect. `kill-after`: the effect takes
   * place, and the process that called is killed before the answer. `delay`: the effect takes place, and
   * the answer `delayMs` after it would have come.
   */
  mode: z.enum([
    'refuse',
    'throttle',
    'fail',
    'hang',
    'lose-answer',
    'cut',
    'kill',
    'kill-after',
    'delay',
  ]),
  delayMs: z.prefault(z.number().check(z.int(), z.nonnegative()), 0),
  /** How many matching calls it hits before it is spent. */
  times: z.prefault(z.number().check(z.int(), z.positive()), 1),
  /**
   * Only calls about something with this text in it, so that tests do not hit each other: of a
   * secret its name or ARN, of tables the whole request.
   */
  about: z.prefault(z.string(), ''),
});

export type Fault = z.infer<typeof fault>;

/** The faults waiting to happen, oldest first. */
export interface Faults {
  /** Throws when the text is not the JSON of a fault. */
  add(json: string): Fault;
  /** The first fault that matches this call, which counts as used; null for none. */
  take(operation: string, about: string): Pick<Fault, 'mode' | 'delayMs'> | null;
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
    take(operation, about) {
      const hit = faults.find(
        (each) =>
          (each.operation === '*' || each.operation === operation) && about.includes(each.about),
      );
      if (hit === undefined) return null;
      hit.times -= 1;
      faults = faults.filter((each) => each.times > 0);
      return hit;
    },
    pending: () => faults.map((each) => ({ ...each })),
    clear() {
      faults = [];
    },
  };
}
