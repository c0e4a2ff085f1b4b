/**
 * The order of two texts by their UTF-8 bytes, as DynamoDB sorts keys. That of JavaScript differs for
 * characters beyond U+FFFF.
 */
export const byteOrder = (left: string, right: string): number =>
  Buffer.compare(Buffer.from(left), Buffer.from(right));
