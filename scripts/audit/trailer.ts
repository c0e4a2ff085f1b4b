import * as z from 'zod/mini';

/** The last line of an export: without it, the export was interrupted. Strict, so that no record passes for it. */
const trailer = z.strictObject({
  complete: z.literal(true),
  records: z.number(),
  /** When the run began that completed it. */
  exported_at: z.iso.datetime(),
});
export type Trailer = z.infer<typeof trailer>;

export const trailerIn = (line: unknown): Trailer | null => {
  const parsed = trailer.safeParse(line);
  return parsed.success ? parsed.data : null;
};
