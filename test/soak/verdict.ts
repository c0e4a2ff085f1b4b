/** Whether what a process holds at rest has come back to what it held at the start. */
import type { Sample } from './sample.ts';

const megabyte = 1024 * 1024;
/** Less than this is noise, however sure. */
export const leastSlope = 2;
export const toleratedShare = 0.1;
export const toleratedMegabytes = 2;

/** The heap's growth, in MB per million operations, with its standard error. */
export interface Slope {
  readonly value: number;
  readonly error: number;
}

/** What of the stores and handles is left over after the last round: sentences. */
export function leftOver(samples: readonly Sample[]): string[] {
  const [start, end] = [samples[0], samples.at(-1)];
  if (start === undefined || end === undefined || start === end) return ['nothing was measured'];
  return (['handles', 'openIntents', 'items'] as const).flatMap((what) =>
    end[what] > start[what] ? [`${what} went from ${start[what]} to ${end[what]}`] : [],
  );
}

/** What speaks for a leak on the heap: sentences. */
export function grown(samples: readonly Sample[]): string[] {
  const [start, end] = [samples[0], samples.at(-1)];
  if (start === undefined || end === undefined || samples.length < 6) {
    return ['too little was measured'];
  }
  const most = start.heapBytes * (1 + toleratedShare) + toleratedMegabytes * megabyte;
  const { value, error } = slopeOf(samples);
  return [
    ...(end.heapBytes > most
      ? [`the heap went from ${inMegabytes(start.heapBytes)} to ${inMegabytes(end.heapBytes)} MB`]
      : []),
    ...(value > leastSlope && value > 2 * error
      ? [`the heap grew by ${value.toFixed(1)} MB per million operations in the later half`]
      : []),
  ];
}

/** Of the later half of the samples: least squares. */
export function slopeOf(samples: readonly Sample[]): Slope {
  const half = samples.slice(Math.floor(samples.length / 2));
  const points = half.map(({ operations, heapBytes }) => ({
    x: operations / 1_000_000,
    y: heapBytes / megabyte,
  }));
  const meanOf = (values: readonly number[]) =>
    values.reduce((sum, value) => sum + value, 0) / values.length;
  const meanX = meanOf(points.map(({ x }) => x));
  const meanY = meanOf(points.map(({ y }) => y));
  const sumOf = (term: (point: { x: number; y: number }) => number) =>
    points.reduce((sum, point) => sum + term(point), 0);
  const spread = sumOf(({ x }) => (x - meanX) ** 2);
  const value = sumOf(({ x, y }) => (x - meanX) * (y - meanY)) / spread;
  const rest = sumOf(({ x, y }) => (y - meanY - value * (x - meanX)) ** 2);
  return { value, error: Math.sqrt(rest / (points.length - 2) / spread) };
}

export const inMegabytes = (bytes: number): string => (bytes / megabyte).toFixed(2);
