const pattern =
  /^(\d{4}-\d\d-\d\d)[T ](\d\d:\d\d(?::\d\d(?:\.\d{1,9})?)?)(?:Z|([+-]\d\d)(?::?(\d\d))?)?$/;

/**
 * A time as LiteLLM and its database write it (`T` or a space, with a zone or in UTC), as ISO 8601 in
 * UTC with milliseconds; null for what is no time, such as the 31st of a shorter month.
 */
export function readTime(text: string): string | null {
  const [, day, time, hours, minutes = '00'] = pattern.exec(text) ?? [];
  if (day === undefined || time === undefined) return null;
  const local = new Date(`${day}T${time}Z`);
  if (Number.isNaN(local.getTime()) || !local.toISOString().startsWith(day)) return null;
  if (hours === undefined) return local.toISOString();
  const at = new Date(`${day}T${time}${hours}:${minutes}`);
  const read = Number.isNaN(at.getTime()) ? '' : at.toISOString();
  // A year before 0 or after 9999 does not sort as text.
  return /^\d{4}-/.test(read) ? read : null;
}
