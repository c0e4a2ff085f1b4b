import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { dueOf, isRotationDue, rotationAt } from '../../../../lambdas/shared/domain/due.ts';
import type { Intent, KeyImage, KeyRow } from '../../../../lambdas/shared/domain/key-row.ts';
import { rowWith } from '../../fixtures/rows.ts';

const key = {
  auto_rotate: true,
  rotation_interval: '30d',
  key_rotation_at: '2026-12-10T00:00:00.000Z',
};
const rotated = (changes: Partial<Omit<KeyRow, 'key'>> = {}, image: Partial<KeyImage> = {}) =>
  rowWith({ ...changes, key: { ...key, ...image } });
const sooner = '2026-12-09T23:59:59.999Z';
const later = '2026-12-10T00:00:00.001Z';

describe('when a key is to be rotated', () => {
  it('is at its time, when it may be tried again, or at the end of a grace period, whichever is last', () => {
    expect(rotationAt(rotated())).toBe(key.key_rotation_at);
    expect(rotationAt(rotated({ rotateNotBefore: sooner }))).toBe(key.key_rotation_at);
    expect(rotationAt(rotated({ rotateNotBefore: later }))).toBe(later);
    expect(rotationAt(rotated({ prev: { hash: 'h', until: sooner } }))).toBe(key.key_rotation_at);
    expect(rotationAt(rotated({ prev: { hash: 'h', until: later } }))).toBe(later);
    expect(rotationAt(rotated({ expires: later, blocked: true }))).toBe(key.key_rotation_at);
  });

  it.each<[string, Partial<Omit<KeyRow, 'key'>>, Partial<KeyImage>]>([
    ['without a secret', { secretName: null }, {}],
    ['once it is deleted', { status: 'deleted' }, {}],
    ['where rotation is off', {}, { auto_rotate: false }],
    ['without a time', {}, { key_rotation_at: undefined }],
    ['where it has expired by then', { expires: key.key_rotation_at }, {}],
    ['where it will have expired by the next try', { expires: later, rotateNotBefore: later }, {}],
  ])('is never %s', (_, changes, image) => {
    expect(rotationAt(rotated(changes, image))).toBeNull();
    expect(dueOf(rotated(changes, image))?.work).not.toBe('rotation');
  });

  it('is from the very instant on', () => {
    expect(isRotationDue(rotated(), new Date(sooner))).toBe(false);
    expect(isRotationDue(rotated(), new Date(key.key_rotation_at))).toBe(true);
  });
});

const time = fc
  .integer({ min: 0, max: 1000 })
  .map((ms) => new Date(Date.parse(key.key_rotation_at) + ms).toISOString());
const maybe = fc.option(time, { nil: undefined });

function openUntil(fence: string): Intent {
  const { who } = rowWith().event;
  const id = 'i';
  const [at, opened, hash, ver, newName] = [fence, fence, id, id, id];
  const none = { notify: null, newAlias: null, names: [], idempotencyId: null };
  return {
    ...none,
    id,
    kind: 'rename',
    claim: 0,
    opened,
    at,
    fence,
    hash,
    ver,
    newName,
    who,
    request_id: id,
  };
}

describe('a row', () => {
  it('is due at the earliest of what is to come, and for that; an open step is the repairs', () => {
    fc.assert(
      fc.property(maybe, maybe, time, maybe, (fence, sweepAt, key_rotation_at, until) => {
        const intent = fence === undefined ? null : openUntil(fence);
        const prev = until === undefined ? null : { hash: 'h', until };
        const repair = [fence, sweepAt, until].filter((at) => at !== undefined).sort()[0];
        // A grace period ends first.
        const isFirst = repair === undefined || key_rotation_at < repair;
        const isRotation = intent === null && prev === null && isFirst;
        expect(dueOf(rotated({ intent, sweepAt, prev }, { key_rotation_at }))).toEqual(
          isRotation ? { at: key_rotation_at, work: 'rotation' } : { at: repair, work: 'repair' },
        );
      }),
    );
  });
});
