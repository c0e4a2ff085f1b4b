/** An item in DynamoDB's own form as plain JSON. Sets become lists; binary stays base64. */
export function fromDynamo(item: Readonly<Record<string, unknown>>): Record<string, unknown> {
  return Object.fromEntries(Object.entries(item).map(([name, value]) => [name, plain(value)]));
}

function plain(value: unknown): unknown {
  if (!isObject(value)) return value;
  const [[type, content] = []] = Object.entries(value);
  if (type === 'NULL') return null;
  if (type === 'N') return Number(content);
  if (type === 'M' && isObject(content)) return fromDynamo(content);
  if (type === 'L' && Array.isArray(content)) return content.map(plain);
  if (type === 'NS' && Array.isArray(content)) return content.map(Number);
  return content;
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
