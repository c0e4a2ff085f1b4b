import { InvalidField } from './errors.ts';
import { containsIssuedKey } from './key-format.ts';

const maxDepth = 16;
const unstorable = ['', '__proto__', 'constructor'];
/** The smallest magnitude a DynamoDB number can have. */
const smallest = 1e-130;

/**
 * Refuses what could not be stored and read back as it is, or must not be stored at all. Throws
 * `InvalidField` on the outermost field:
 * - a number that is not exact: an integer beyond 2^53, or one outside DynamoDB's range
 * - a lone surrogate, nesting deeper than 16, an empty member name, `__proto__`, and `constructor`,
 *   by which the document client tells what an object is
 * - a virtual key: keys belong in Secrets Manager and in no other field
 *
 * @param forbidden further values that must not appear, such as the caller's own key
 */
export function checkStorable(
  fields: Readonly<Record<string, unknown>>,
  forbidden: readonly string[],
): void {
  for (const [param, value] of Object.entries(fields)) check(param, value, 1, forbidden);
}

function check(param: string, value: unknown, depth: number, forbidden: readonly string[]): void {
  if (typeof value === 'string') checkText(param, value, forbidden);
  if (typeof value === 'number' && !isExact(value)) {
    throw new InvalidField(
      param,
      `${param} has a number that cannot be stored exactly; write it as a string.`,
    );
  }
  if (typeof value !== 'object' || value === null) return;
  if (depth > maxDepth) {
    throw new InvalidField(param, `${param} is nested deeper than ${maxDepth} levels.`);
  }
  for (const [name, member] of Object.entries(value)) {
    if (unstorable.includes(name)) {
      throw new InvalidField(param, `${param} has a member whose name cannot be stored.`);
    }
    checkText(param, name, forbidden);
    check(param, member, depth + 1, forbidden);
  }
}

function checkText(param: string, text: string, forbidden: readonly string[]): void {
  if (!text.isWellFormed()) {
    throw new InvalidField(param, `${param} has text that is not valid Unicode.`);
  }
  if (containsIssuedKey(text) || forbidden.some((value) => text.includes(value))) {
    throw new InvalidField(param, `${param} contains a virtual key; keys are never stored there.`);
  }
}

const isExact = (value: number): boolean =>
  Number.isSafeInteger(value) ||
  (Number.isFinite(value) && !Number.isInteger(value) && Math.abs(value) >= smallest);
