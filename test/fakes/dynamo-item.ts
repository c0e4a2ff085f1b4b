/**
 * What DynamoDB takes as an item, checked on the form that the real document client would send.
 * https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/Constraints.html
 */
import type { AttributeValue } from '@aws-sdk/client-dynamodb';
import { marshall, unmarshall } from '@aws-sdk/util-dynamodb';
import type { Item } from '../../lambdas/shared/adapters/table/items.ts';
import { AwsRefusal } from './aws-refusal.ts';

type Marshalled = Record<string, AttributeValue>;

const maxItemBytes = 400 * 1024;
const maxDepth = 32;
const indexed = /_(pk|sk)$/;

/** The item as it is stored and read back. Throws `ValidationException` where it would be refused. */
export function stored(item: Item): Item {
  const marshalled = toWire(item);
  for (const [name, value] of Object.entries(marshalled)) {
    if ((name === 'pk' || indexed.test(name)) && value.S === '') {
      throw refusal(`The key attribute ${name} contains an empty string value`);
    }
    if (
      indexed.test(name) &&
      Buffer.byteLength(value.S ?? '') > (name.endsWith('_pk') ? 2048 : 1024)
    ) {
      throw refusal(`The size of the index key ${name} is too large`);
    }
    check(value, 1);
  }
  if (Buffer.byteLength(marshalled['pk']?.S ?? '') > 2048) throw refusal('The key is too large');
  if (sizeOfMap(marshalled) > maxItemBytes) {
    throw refusal('Item size has exceeded the maximum allowed size');
  }
  return unmarshall(marshalled);
}

/** As the document client marshals it: undefined members are dropped, NaN and the like are thrown out. */
export const toWire = (item: Item): Marshalled => marshall(item, { removeUndefinedValues: true });

function check(value: AttributeValue, depth: number): void {
  if (value.N !== undefined) checkNumber(value.N);
  if (value.M === undefined && value.L === undefined) return;
  if (depth > maxDepth) throw refusal('Nesting levels have exceeded supported limits');
  for (const member of value.L ?? []) check(member, depth + 1);
  for (const [name, member] of Object.entries(value.M ?? {})) {
    if (name === '') throw refusal('An attribute name is empty');
    check(member, depth + 1);
  }
}

function checkNumber(text: string): void {
  const magnitude = Math.abs(Number(text));
  if (magnitude !== 0 && (magnitude < 1e-130 || magnitude >= 1e126)) {
    throw refusal(`The number ${text} is outside the supported range`);
  }
}

/** https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/CapacityUnitCalculations.html */
function sizeOf(value: AttributeValue): number {
  if (value.S !== undefined) return Buffer.byteLength(value.S);
  if (value.N !== undefined) return Math.ceil(value.N.replaceAll(/\D/g, '').length / 2) + 1;
  if (value.M !== undefined) return 3 + Object.keys(value.M).length + sizeOfMap(value.M);
  if (value.L !== undefined) {
    return value.L.reduce((bytes, member) => bytes + 1 + sizeOf(member), 3);
  }
  return 1;
}

const sizeOfMap = (map: Marshalled): number =>
  Object.entries(map).reduce(
    (bytes, [name, value]) => bytes + Buffer.byteLength(name) + sizeOf(value),
    0,
  );

const refusal = (message: string) => new AwsRefusal('ValidationException', message);
