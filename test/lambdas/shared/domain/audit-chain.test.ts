import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  type AuditedChange,
  chainAfter,
  chainStart,
  digestOf,
} from '../../../../lambdas/shared/domain/audit-chain.ts';
import vectors from '../../../../lambdas/shared/domain/audit-chain.vectors.json' with {
  type: 'json',
};

const headOf = (digests: readonly string[]) => digests.reduce(chainAfter, chainStart('key'));

describe('the audit chain', () => {
  it.each(vectors)('gives the published values for $name', ({ change, ...expected }) => {
    expect(digestOf(change)).toBe(expected.digest);
    expect(chainAfter(expected.previousChain, expected.digest)).toBe(expected.chain);
  });

  it('starts at the hash of the key id and links each vector to the one before', () => {
    let chain = chainStart('0123456789ABCDEFG');
    for (const vector of vectors) {
      expect(vector.previousChain).toBe(chain);
      chain = vector.chain;
    }
  });

  const hex = fc.stringMatching(/^[0-9a-f]{32}$/);
  const salted = fc.record({ salt: hex, value: fc.jsonValue() });
  const change: fc.Arbitrary<AuditedChange> = fc.record({
    keyId: fc.stringMatching(/^[0-9A-Za-z]{17}$/),
    seq: fc.integer({ min: 1 }),
    action: fc.constantFrom('created', 'generate_undone'),
    at: fc.date({ noInvalidDate: true }).map((date) => date.toISOString()),
    objectId: fc.string(),
    eventId: fc.uuid(),
    requestId: fc.string(),
    operationId: fc.option(fc.uuid()),
    endedOverlap: fc.boolean(),
    who: salted,
    before: salted,
    after: salted,
  });

  it('changes with any edit of a change', () => {
    fc.assert(
      fc.property(change, (original) => {
        const edits: AuditedChange[] = [
          { ...original, keyId: `${original.keyId}x` },
          { ...original, seq: original.seq + 1 },
          { ...original, action: `${original.action}x` },
          { ...original, at: `${original.at}x` },
          { ...original, objectId: `${original.objectId}x` },
          { ...original, eventId: `${original.eventId}x` },
          { ...original, requestId: `${original.requestId}x` },
          { ...original, operationId: `${original.operationId}x` },
          { ...original, endedOverlap: !original.endedOverlap },
          ...(['who', 'before', 'after'] as const).flatMap((part) => {
            const { salt, value } = original[part];
            return [
              { ...original, [part]: { salt: `${salt}0`, value } },
              { ...original, [part]: { salt, value: [value] } },
            ];
          }),
        ];
        const digests = [original, ...edits].map(digestOf);
        expect(new Set(digests).size).toBe(digests.length);
      }),
    );
  });

  it('tells apart which of two images came first', () => {
    fc.assert(
      fc.property(change, (original) => {
        fc.pre(JSON.stringify(original.before) !== JSON.stringify(original.after));
        const swapped = { ...original, before: original.after, after: original.before };
        expect(digestOf(swapped)).not.toBe(digestOf(original));
      }),
    );
  });

  it('shows every dropped, added and moved change at its head', () => {
    fc.assert(
      fc.property(fc.uniqueArray(hex, { minLength: 2, maxLength: 6 }), fc.nat(), (digests, at) => {
        const place = at % digests.length;
        const head = headOf(digests);
        expect(headOf(digests.toSpliced(place, 1))).not.toBe(head);
        expect(headOf(digests.toSpliced(place, 0, digests[place] ?? ''))).not.toBe(head);
        expect(headOf(digests.toReversed())).not.toBe(head);
        expect(headOf(digests.slice(0, -1))).not.toBe(head);
      }),
    );
  });

  it('is a chain of its own for each key', () => {
    expect(chainStart('one')).not.toBe(chainStart('other'));
  });
});
