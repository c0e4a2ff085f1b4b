import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  chainAfter,
  chainStart,
  saltedParts,
} from '../../../../lambdas/shared/domain/audit-chain.ts';
import type { Finding, RowHead } from '../../../../lambdas/shared/domain/audit-finding.ts';
import { auditProof, type Heads } from '../../../../lambdas/shared/domain/audit-proof.ts';
import type { AuditRecord } from '../../../../lambdas/shared/domain/audit-record.ts';
import { recordDigest, redacted } from '../../../../lambdas/shared/domain/audit-redaction.ts';
import { canonicalJson } from '../../../../lambdas/shared/domain/canonical-json.ts';
import { auditTrails } from '../../fixtures/audit-trails.ts';

const { records: written, heads } = await auditTrails();
const [longest = ''] = written.map(({ key_id }) => key_id).filter((id) => ofKey(id).length > 5);

function ofKey(keyId: string, records = written): AuditRecord[] {
  return records.filter(({ key_id }) => key_id === keyId);
}
const isLast = ({ key_id, seq }: AuditRecord): boolean => ofKey(key_id).length === seq;

interface Given {
  readonly heads?: readonly RowHead[];
  readonly headsAt?: string;
  /** Heads of earlier exports. */
  readonly older?: readonly Heads[];
  readonly auditedSince?: string | undefined;
}

/** After all that was written. */
const later = '2030-01-01T00:00:00.000Z';

/** The proof of what an export has. */
function proofOf(
  exported: readonly unknown[],
  { heads: rows, headsAt = later, older = [], auditedSince }: Given = { heads },
) {
  const all = rows === undefined ? undefined : [...older, { at: headsAt, heads: rows }];
  const proof = auditProof({ heads: all, auditedSince });
  for (const record of exported) proof.add(Object(record));
  return proof.finish();
}
const findingsIn = (exported: readonly unknown[], options?: Given): readonly Finding[] =>
  proofOf(exported, options).findings;
const doubtsIn = (exported: readonly unknown[], options?: Given) =>
  proofOf(exported, options).doubts.map(({ kind, id }) => `${kind} ${id}`);
const said = (found: readonly Finding[]) => found.map(({ kind, id }) => `${kind} ${id}`);

/** The record with a digest and a chain that follow from what it says now. */
function resealed(record: AuditRecord, previousChain = record.previous_chain): AuditRecord {
  const digest = recordDigest(record);
  return {
    ...record,
    digest,
    previous_chain: previousChain,
    chain: chainAfter(previousChain, digest),
  };
}

const anyIndex = fc.nat({ max: written.length - 1 });
const anyRecord = fc.constantFrom(...written);
const anyPlace = fc.nat({ max: written.length });
const withHeads = fc.constantFrom<Given>({}, { heads });
/** Some parts of some records erased, as an eraser would. */
const erasures = fc.array(fc.tuple(anyIndex, fc.subarray([...saltedParts])));
const erased = (what: readonly (readonly [number, ('who' | 'before' | 'after')[]])[]) =>
  what.reduce((records, [at, parts]) => {
    const record = records[at];
    return record === undefined ? records : records.with(at, redacted(record, parts));
  }, written);

/** Every member of a value, at any depth, by its path. */
function pathsOf(value: unknown, path: readonly string[] = []): (readonly string[])[] {
  if (typeof value !== 'object' || value === null) return [path];
  const below = Object.entries(value).flatMap(([name, of]) => pathsOf(of, [...path, name]));
  return path.length === 0 ? below : [path, ...below];
}

/** A copy with another value at a path; undefined removes what is there. */
function withValue(value: unknown, [name, ...rest]: readonly string[], to: unknown): unknown {
  if (name === undefined) return to;
  const member = withValue(Object(value)[name], rest, to);
  if (Array.isArray(value)) {
    return member === undefined
      ? value.toSpliced(Number(name), 1)
      : value.with(Number(name), member);
  }
  const others = Object.entries(Object(value)).filter(([other]) => other !== name);
  return Object.fromEntries(member === undefined ? others : [...others, [name, member]]);
}

const reordered = (records: readonly AuditRecord[], keyId: string, inOrder: AuditRecord[]) => {
  const left = [...inOrder];
  return records.map((record) => (record.key_id === keyId ? (left.shift() ?? record) : record));
};

describe('an export as it was written', () => {
  it('has nothing wrong, and as many changes as the rows say', () => {
    expect(proofOf(written)).toEqual({
      keys: heads.length,
      records: written.length,
      redacted: [],
      heads: heads.length,
      beyondHead: 0,
      unrecorded: 0,
      findings: [],
      doubts: [],
    });
  });

  it('is of trails with every kind of record', () => {
    const actions = new Set(written.map(({ action }) => action));
    const all = [
      'created',
      'updated',
      'rotated',
      'blocked',
      'unblocked',
      'deleted',
      'generate_undone',
      'secret_removed',
    ];
    expect([...actions].sort()).toEqual(all.sort());
    expect(written.some((record) => record.ended_overlap)).toBe(true);
    expect(written.some((record) => record.operation_id)).toBe(true);
  });

  it('verifies however the keys are mixed, with each key’s records in order', () => {
    fc.assert(
      fc.property(fc.shuffledSubarray([...written], { minLength: written.length }), (mixed) => {
        const next = new Map(heads.map(({ key_id }) => [key_id, ofKey(key_id)]));
        expect(findingsIn(mixed.map(({ key_id }) => next.get(key_id)?.shift()))).toEqual([]);
      }),
    );
  });

  it('verifies with any parts erased, and names the records and the parts', () => {
    fc.assert(
      fc.property(erasures, (what) => {
        const records = erased(what);
        const redactions = records.flatMap(({ id, redacted: hashes }, at) =>
          hashes === undefined
            ? []
            : [{ id, position: at + 1, parts: saltedParts.filter((part) => part in hashes) }],
        );
        expect(proofOf(records)).toMatchObject({
          redacted: redactions,
          heads: heads.length,
          findings: [],
        });
      }),
    );
  });

  it('has nothing left of what was erased', () => {
    for (const record of written) {
      const text = JSON.stringify(redacted(record, saltedParts));
      expect(text).toContain(record.request_id);
      for (const part of saltedParts) {
        if (record.salts[part] === '') continue;
        expect(text).not.toContain(record.salts[part]);
        expect(text).not.toContain(JSON.stringify(record[part]));
      }
      expect(text).not.toContain(JSON.stringify(record.changed_by));
    }
  });
});

describe('tampering with an export', () => {
  it('shows any edit of any field at any depth, erased or not, and names the record', () => {
    fc.assert(
      fc.property(
        erasures,
        anyIndex,
        fc.nat(),
        fc.oneof(
          fc.option(fc.jsonValue(), { nil: undefined }),
          fc.integer({ min: 1, max: 9 }),
          fc.constantFrom('', ...written.flatMap(({ id, digest, chain }) => [id, digest, chain])),
        ),
        withHeads,
        (what, at, which, value, options) => {
          const records = erased(what);
          const id = String(records[at]?.id);
          const paths = pathsOf(records[at]);
          const path = paths[which % paths.length] ?? [];
          const edited = withValue(records[at], path, value);
          fc.pre(canonicalJson(edited) !== canonicalJson(records[at]));
          const proof = proofOf(records.toSpliced(at, 1, Object(edited)), options);
          if (path[0] === 'key_id' && typeof Object(edited).key_id === 'string') {
            // It is missing from its key's trail, and does not belong into the other.
            expect(proof.findings.map(({ kind }) => kind)).toContain('insertion');
          } else {
            expect(said(proof.findings)).toEqual([`edit ${id}`]);
            expect(proof.findings[0]?.position).toBe(at + 1);
          }
        },
      ),
      { numRuns: 1000 },
    );
  });

  it('shows any member that is added, at the top and in each part', () => {
    const places: (readonly string[])[] = [
      [],
      ...['who', 'before', 'after', 'salts', 'redacted'].map((name) => [name]),
    ];
    fc.assert(
      fc.property(
        anyIndex,
        fc.constantFrom(...places),
        fc.constantFrom('note', '__proto__', 'pk', 'v'),
        fc.jsonValue(),
        (at, place, name, value) => {
          const edited = withValue(written[at], [...place, name], value);
          expect(said(findingsIn(written.toSpliced(at, 1, Object(edited))))).toEqual([
            `edit ${written[at]?.id}`,
          ]);
        },
      ),
    );
  });

  it.each([
    [{ seq: '5' }],
    [{ seq: 0 }],
    [{ seq: null }],
    [{ key_id: 5 }],
    [{ key_id: undefined }],
    [{ seq: '5', key_id: [] }],
  ])('names by its id a record that is none of a number and a key, and goes on: %j', (changes) => {
    const at = written.findIndex(({ key_id, seq }) => key_id === longest && seq === 5);
    const edited = { ...written[at], ...changes };
    const also = written.length - 1;
    const other = { ...written[also], request_id: 'x' };
    const exported = written.with(also, Object(other)).with(at, Object(edited));
    expect(said(findingsIn(exported))).toEqual([`edit ${longest}_5`, `edit ${other.id}`]);
    expect(findingsIn(exported)[0]?.position).toBe(at + 1);
  });

  it('names a record whose line is not as it was written', () => {
    const proof = auditProof();
    written.forEach((record, at) => {
      proof.add(record, at === 2 ? 'Its line is another.' : null);
    });
    expect(said(proof.finish().findings)).toEqual([`edit ${written[2]?.id}`]);
  });

  it('names the line where nothing else tells what a record is of', () => {
    const exported = [{ a: 1 }, ...written, { id: 'x', seq: 5 }];
    expect(said(findingsIn(exported))).toEqual(['edit line 1', 'edit x']);
  });

  it('shows what one record is moved to: another key, an old one or none', () => {
    fc.assert(
      fc.property(
        anyRecord,
        fc.constantFrom('nobody', ...heads.map(({ key_id }) => key_id)),
        (record, to) => {
          fc.pre(record.key_id !== to);
          const moved = written.map((other) =>
            other === record ? { ...record, key_id: to } : other,
          );
          const missing = isLast(record) ? 'truncation' : 'deletion';
          expect(said(findingsIn(moved)).sort()).toEqual(
            [`${missing} ${record.id}`, `insertion ${to}_${record.seq}`].sort(),
          );
        },
      ),
    );
  });

  it('shows a deletion, of one record or several, and names the first', () => {
    fc.assert(
      fc.property(anyRecord, fc.nat({ max: 3 }), withHeads, ({ key_id, seq }, more, options) => {
        const end = Math.min(seq + more, ofKey(key_id).length - 1);
        fc.pre(seq <= end);
        const left = written.filter(
          (one) => one.key_id !== key_id || one.seq < seq || one.seq > end,
        );
        expect(said(findingsIn(left, options))).toEqual([`deletion ${key_id}_${seq}`]);
      }),
    );
  });

  it('shows a record that is there twice', () => {
    fc.assert(
      fc.property(anyRecord, anyPlace, withHeads, (record, place, options) => {
        const exported = written.toSpliced(place, 0, record);
        expect(said(findingsIn(exported, options))).toEqual([`insertion ${record.id}`]);
      }),
    );
  });

  it('shows a record of another key that was given a number of this one', () => {
    fc.assert(
      fc.property(
        anyRecord,
        anyRecord,
        anyPlace,
        withHeads,
        (foreign, { key_id, seq }, place, options) => {
          fc.pre(foreign.key_id !== key_id);
          const id = `${key_id}_${seq}`;
          const exported = written.toSpliced(place, 0, { ...foreign, key_id, seq, id });
          expect(said(findingsIn(exported, options))).toEqual([`insertion ${id}`]);
          const next = ofKey(key_id).length + 1;
          const end = { ...foreign, key_id, seq: next, id: `${key_id}_${next}` };
          expect(said(findingsIn([...written, end], options))).toEqual([`insertion ${end.id}`]);
        },
      ),
    );
  });

  it('shows a forged record beside the true one, however well its digest and chain are made', () => {
    fc.assert(
      fc.property(
        anyRecord,
        anyPlace,
        fc.boolean(),
        withHeads,
        (record, place, isLinked, options) => {
          const forged = resealed(
            { ...record, request_id: 'forged' },
            isLinked ? record.previous_chain : 'f'.repeat(64),
          );
          const exported = written.toSpliced(place, 0, forged);
          const found = findingsIn(exported, options);
          // A forged one that does not link, right before the true one, is just an unlinkable extra; an
          // only record after it may as well be the extra.
          expect(said(found)).toEqual([`insertion ${record.id}`]);
        },
      ),
    );
  });

  it('shows a forged record after the last one that the row has', () => {
    fc.assert(
      fc.property(anyRecord, fc.integer({ min: 1, max: 3 }), withHeads, (record, gap, options) => {
        const seq = ofKey(record.key_id).length + gap;
        const id = `${record.key_id}_${seq}`;
        const forged = resealed({ ...record, seq, id }, 'f'.repeat(64));
        const [found, ...others] = findingsIn([...written, forged], options);
        expect(others).toEqual([]);
        // With a gap before it, it may be genuine and those before it missing. Without heads, the
        // record before it may have been rewritten.
        const kinds =
          gap > 1 ? ['deletion'] : options.heads === undefined ? ['edit'] : ['insertion'];
        expect(kinds).toContain(found?.kind);
        expect(found?.id).toBe(`${record.key_id}_${seq - gap + 1}`);
      }),
    );
  });

  it('shows a trail of a key that there is not', () => {
    fc.assert(
      fc.property(anyPlace, anyRecord, (place, record) => {
        fc.pre(record.seq === 1);
        const invented = { ...record, id: 'invented_1', key_id: 'invented' };
        const exported = written.toSpliced(place, 0, resealed(invented, chainStart('invented')));
        expect(said(findingsIn(exported))).toEqual(['insertion invented_1']);
        expect(findingsIn(exported, {})).toEqual([]);
      }),
    );
  });

  it('shows any other order of a key’s records, and names the first that is out of place', () => {
    const several = heads.filter(({ seq }) => seq > 1).map(({ key_id }) => key_id);
    const order = fc
      .constantFrom(...several)
      .chain((keyId) => fc.shuffledSubarray(ofKey(keyId), { minLength: ofKey(keyId).length }));
    fc.assert(
      fc.property(order, withHeads, (inOrder, options) => {
        const wrong = inOrder.find(({ seq }, index) => seq !== index + 1);
        fc.pre(wrong !== undefined);
        const exported = reordered(written, wrong.key_id, inOrder);
        expect(said(findingsIn(exported, options))).toEqual([`reorder ${wrong.id}`]);
      }),
    );
  });

  it('shows against the heads that the end of a trail is missing, or all of it', () => {
    fc.assert(
      fc.property(anyRecord, ({ key_id, seq }) => {
        const left = written.filter((one) => one.key_id !== key_id || one.seq < seq);
        expect(said(findingsIn(left))).toEqual([`truncation ${key_id}_${seq}`]);
        expect(findingsIn(left, {})).toEqual([]);
      }),
    );
  });

  it('shows against the heads that a trail was rewritten from a record on, and names its last', () => {
    fc.assert(
      fc.property(anyRecord, fc.constantFrom('at', 'after'), ({ key_id, seq }, what) => {
        const trail: AuditRecord[] = [];
        for (const record of ofKey(key_id)) {
          const last = trail.at(-1);
          const isFirst = record.seq === seq;
          const after = { ...record.after, spend: 99 };
          trail.push(
            resealed(
              {
                ...record,
                ...(isFirst && what === 'at' ? { at: '2026-11-25T00:00:00.000Z' } : {}),
                ...(isFirst && what === 'after' ? { after } : {}),
                ...(last === undefined ? {} : { before: last.after }),
              },
              last?.chain,
            ),
          );
        }
        const exported = reordered(written, key_id, trail);
        expect(said(findingsIn(exported))).toEqual([`edit ${key_id}_${ofKey(key_id).length}`]);
        expect(findingsIn(exported, {})).toEqual([]);
      }),
    );
  });

  it('shows one record that was rewritten, even where its digest and chain follow from it', () => {
    fc.assert(
      fc.property(anyRecord, (record) => {
        const forged = resealed({ ...record, request_id: 'forged' });
        const exported = written.map((one) => (one === record ? forged : one));
        expect(said(findingsIn(exported))).toEqual([`edit ${record.id}`]);
        // Without heads, the successor may as well be the one that was rewritten; the end shows nothing.
        expect(said(findingsIn(exported, {}))).toEqual(
          isLast(record) ? [] : [`edit ${record.key_id}_${record.seq + 1}`],
        );
      }),
    );
  });

  it('shows each key that was tampered with', () => {
    const without = written.filter(({ seq }) => seq !== 2);
    expect(findingsIn(without)).toHaveLength(heads.filter(({ seq }) => seq > 1).length);
  });

  it('is not taken for an erasure: a person’s image that comes back after it must be the same', () => {
    const records = ofKey(longest);
    const [first, second] = records;
    if (first === undefined || second === undefined) throw new Error('The trail is too short');
    const forged = resealed({ ...second, before: { ...second.before, user_id: 'eve' } });
    const exported = [redacted(first, ['after']), forged, ...records.slice(2)];
    expect(said(findingsIn(exported, {}))).toEqual([`edit ${second.id}`]);
  });
});

/** Keys whose trails end with their deletion, or with what came after it. */
const gone = written
  .filter((record) => isLast(record) && record.salts.after === '')
  .map(({ key_id }) => key_id);
const rowsLeft = heads.filter(({ key_id }) => !gone.includes(key_id));
const [deleted = ''] = gone.filter((keyId) => ofKey(keyId).length > 1);
const headOf = (keyId: string, seq: number): RowHead => {
  const { chain = '', at = '' } = ofKey(keyId)[seq - 1] ?? {};
  return { key_id: keyId, seq, chain, at };
};

/** The trail of a key, written anew with another caller from a record on. */
function rewrittenFrom(keyId: string, seq: number): AuditRecord[] {
  const trail: AuditRecord[] = [];
  for (const record of ofKey(keyId)) {
    const forged = record.seq < seq ? record : { ...record, request_id: 'forged' };
    trail.push(record.seq < seq ? record : resealed(forged, trail.at(-1)?.chain));
  }
  return trail;
}

describe('a key whose row is gone', () => {
  it('is named, for nothing vouches for it: the trail may have been written anew', () => {
    expect(gone).toHaveLength(3);
    const named = gone.map((keyId) => `headless ${keyId}_1`).sort();
    expect(doubtsIn(written, { heads: rowsLeft }).sort()).toEqual(named);
    const anew = reordered(written, deleted, rewrittenFrom(deleted, 1));
    expect(findingsIn(anew, { heads: rowsLeft })).toEqual([]);
    expect(doubtsIn(anew, { heads: rowsLeft })).toContain(`headless ${deleted}_1`);
  });

  it('may be invented, deletion and all', () => {
    const key_id = 'inventedinventedi';
    const [birth, ...rest] = ofKey(deleted);
    if (birth === undefined) throw new Error('There is no record');
    const trail = [resealed({ ...birth, key_id, id: `${key_id}_1` }, chainStart(key_id))];
    for (const record of rest) {
      const last = trail.at(-1);
      trail.push(resealed({ ...record, key_id, id: `${key_id}_${record.seq}` }, last?.chain));
    }
    expect(findingsIn([...written, ...trail])).toEqual([]);
    expect(doubtsIn([...written, ...trail])).toEqual([`headless ${key_id}_1`]);
  });

  it('is proved by older heads, as far as they go', () => {
    const at = '2026-12-31T00:00:00.000Z';
    const whole = { heads: rowsLeft, older: [{ at, heads }] };
    expect(proofOf(written, whole)).toMatchObject({
      heads: heads.length + rowsLeft.length,
      findings: [],
      doubts: [],
    });
    const anew = reordered(written, deleted, rewrittenFrom(deleted, 1));
    expect(said(findingsIn(anew, whole))).toEqual([`edit ${deleted}_${ofKey(deleted).length}`]);
    const early = {
      heads: rowsLeft,
      older: [{ at: headOf(deleted, 1).at, heads: [headOf(deleted, 1)] }],
    };
    expect(doubtsIn(written, early)).toContain(`headless ${deleted}_2`);
    expect(doubtsIn(written, early)).not.toContain(`headless ${deleted}_1`);
    expect(said(findingsIn(reordered(written, deleted, rewrittenFrom(deleted, 1)), early))).toEqual(
      [`edit ${deleted}_1`],
    );
  });

  it('has a deletion, where older heads show that there was a row', () => {
    const older = [{ at: headOf(deleted, 1).at, heads: [headOf(deleted, 1)] }];
    const cut = written.filter(({ key_id, seq }) => key_id !== deleted || seq === 1);
    expect(said(findingsIn(cut, { heads: rowsLeft, older }))).toEqual([`truncation ${deleted}_2`]);
    const none = written.filter(({ key_id }) => key_id !== deleted);
    expect(said(findingsIn(none, { heads: rowsLeft, older }))).toEqual([`truncation ${deleted}_1`]);
  });
});

describe('several files of heads', () => {
  it('are all compared with: an older one shows what was written anew before the newer one', () => {
    const trail = rewrittenFrom(longest, 2);
    const anew = reordered(written, longest, trail);
    const rows = heads.map((head) =>
      head.key_id === longest ? { ...head, chain: String(trail.at(-1)?.chain) } : head,
    );
    expect(findingsIn(anew, { heads: rows })).toEqual([]);
    const older = [{ at: headOf(longest, 3).at, heads: [headOf(longest, 3)] }];
    expect(said(findingsIn(anew, { heads: rows, older }))).toEqual([`edit ${longest}_3`]);
    expect(findingsIn(written, { heads, older })).toEqual([]);
  });
});

describe('a record after the heads', () => {
  const last = ofKey(longest).length;
  /** One that goes on from the last, as whoever may write the audit table can make it. */
  const forgedAt = (at: string) => {
    const end = ofKey(longest)[last - 1];
    if (end === undefined) throw new Error('There is no record');
    const id = `${longest}_${last + 1}`;
    const salts = { ...end.salts, before: end.salts.after };
    return resealed({ ...end, id, seq: last + 1, at, salts, before: end.after }, end.chain);
  };
  const headsAt = '2026-12-24T12:00:00.000Z';

  it.each(['2026-12-24T11:58:59.999Z', '2026-12-01T00:00:00.000Z', 'some day', ''])(
    'is no later one when it is dated %j',
    (at) => {
      const found = findingsIn([...written, forgedAt(at)], { heads, headsAt });
      expect(said(found)).toEqual([`insertion ${longest}_${last + 1}`]);
    },
  );

  it.each(['2026-12-24T11:59:00.000Z', '2026-12-25T00:00:00.000Z'])(
    'may be a later one when it is dated %s',
    (at) => {
      const proof = proofOf([...written, forgedAt(at)], { heads, headsAt });
      expect(proof).toMatchObject({ beyondHead: 1, findings: [] });
    },
  );

  it('is not before the record that it goes on from', () => {
    const before = new Date(Date.parse(headOf(longest, last).at) - 60_001).toISOString();
    const found = findingsIn([...written, forgedAt(before)], { heads, headsAt: before });
    expect(said(found)).toEqual([`insertion ${longest}_${last + 1}`]);
  });
});

describe('what the heads and the settings excuse', () => {
  const at = (head: RowHead, time: string): RowHead => ({ ...head, at: time });

  it('names a key that was born after the heads were exported, and counts what came later of others', () => {
    const { at: birth = '' } = ofKey(longest)[0] ?? {};
    const others = heads.filter(({ key_id }) => key_id !== longest);
    expect(findingsIn(written, { heads: others, headsAt: birth })).toEqual([]);
    expect(doubtsIn(written, { heads: others, headsAt: birth })).toEqual([`headless ${longest}_1`]);
    const { chain = '', at: time = '' } = ofKey(longest)[2] ?? {};
    const earlier = [...others, { key_id: longest, seq: 3, chain, at: time }];
    expect(proofOf(written, { heads: earlier, headsAt: time })).toMatchObject({
      beyondHead: ofKey(longest).length - 3,
      heads: heads.length,
      findings: [],
    });
  });

  const last = ofKey(longest).length;
  const birth = String(ofKey(longest)[0]?.at);
  const onlyLast = written.filter(({ key_id, seq }) => key_id !== longest || seq === last);

  it('lets records be missing from before the time that they are kept since, and says that it is not proved', () => {
    const proof = proofOf(onlyLast, { heads, auditedSince: headOf(longest, last).at });
    expect(proof).toMatchObject({ unrecorded: last - 1, findings: [] });
    expect(proof.doubts.map(({ kind, id }) => `${kind} ${id}`)).toEqual([
      `unprovable ${longest}_1`,
    ]);
    const gap = written.filter((record) => record.key_id !== longest || record.seq !== 3);
    const between = { heads, auditedSince: headOf(longest, 3).at };
    expect(findingsIn(gap, between)).toEqual([]);
    expect(doubtsIn(gap, between)).toEqual([`unprovable ${longest}_3`]);
  });

  it('lets none be missing of a key that was born since then', () => {
    for (const auditedSince of ['2020-01-01T00:00:00.000Z', birth]) {
      expect(said(findingsIn(onlyLast, { heads, auditedSince }))).toEqual([
        `deletion ${longest}_1`,
      ]);
    }
  });

  it('lets none be missing after a record since then, or before one that older heads have', () => {
    const gap = written.filter((record) => record.key_id !== longest || record.seq !== 3);
    const since = headOf(longest, 2).at;
    expect(said(findingsIn(gap, { heads, auditedSince: since }))).toEqual([
      `deletion ${longest}_3`,
    ]);
    const third = headOf(longest, 3);
    const options = { heads, auditedSince: third.at, older: [{ at: third.at, heads: [third] }] };
    expect(said(findingsIn(gap, options))).toEqual([`deletion ${longest}_3`]);
  });

  it('lets the end of a trail be missing from before then, and says that it is not proved', () => {
    const none = written.filter(({ key_id }) => key_id !== longest);
    expect(findingsIn(none, { heads, auditedSince: later })).toEqual([]);
    expect(doubtsIn(none, { heads, auditedSince: later })).toEqual([`unprovable ${longest}_1`]);
    const now = heads.map((head) => at(head, later));
    expect(said(findingsIn(none, { heads: now, auditedSince: later }))).toEqual([
      `truncation ${longest}_1`,
    ]);
  });
});
