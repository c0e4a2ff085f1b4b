/** The slope through points, by the median of all pairs (Theil and Sen): a slow sample does not move it. */
export function slopeOf(points: readonly { readonly x: number; readonly y: number }[]): number {
  const slopes = points.flatMap((one, index) =>
    points
      .slice(index + 1)
      .filter(({ x }) => x !== one.x)
      .map(({ x, y }) => (y - one.y) / (x - one.x)),
  );
  const sorted = slopes.toSorted((left, right) => left - right);
  return sorted[Math.floor(sorted.length / 2)] ?? Number.NaN;
}
