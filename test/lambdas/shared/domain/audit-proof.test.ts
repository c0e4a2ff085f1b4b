import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  chainAfter,
  chainStart,
  saltedParts,
} from '../../../../lambdas/shared/domain/audit-chain.ts';
import type { Finding, RowHead } from '../../../../lambdas/shared/domain/audit-finding.ts';
import { auditProof, type ProofOptions } from '../../../../lambdas/shared/domain/audit-proof.ts';
import type { AuditRecord } from '../../../../lambdas/shared/domain/audit-record.ts';
import { isNumberedRecord } from '../../../../lambdas/shared/domain/audit-record-check.ts';
import { recordDigest, redacted } from '../../../../lambdas/shared/domain/audit-redaction.ts';
import { canonicalJson } from '../../../../lambdas/shared/domain/canonical-json.ts';
import { auditTrails } from '../../fixtures/audit-trails.ts';

const { records: written, heads } = await auditTrails();
const [longest = ''] = written.map(({ key_id }) => key_id).filter((id) => ofKey(id).length > 5);

function ofKey(keyId: string, records = written): AuditRecord[] {
  return records.filter(({ key_id }) => key_id === keyId);
}
const isLast = ({ key_id, seq }: AuditRecord): boolean => ofKey(key_id).length === seq;

/** The proof of what an export has, or null where a line is no record at all, which stops a verifier. */
function proofOf(exported: readonly unknown[], options: ProofOptions = { heads }) {
  const proof = auditProof(options);
  for (const record of exported) {
    if (!isNumberedRecord(record)) return null;
    proof.add(record);
  }
  return proof.finish();
}
const findingsIn = (exported: readonly unknown[], options?: ProofOptions): readonly Finding[] =>
  proofOf(exported, options)?.findings ?? [];
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
const withHeads = fc.constantFrom<ProofOptions>({}, { heads });
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
      redacted: 0,
      heads: heads.length,
      withoutHead: 0,
      beyondHead: 0,
      unrecorded: 0,
      findings: [],
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

  it('verifies with any parts erased, and says how many records that concerns', () => {
    fc.assert(
      fc.property(erasures, (what) => {
        const records = erased(what);
        const count = records.filter((record) => record.redacted !== undefined).length;
        expect(proofOf(records)).toMatchObject({
          redacted: count,
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
          if (proof === null) {
            // Without number or key id it is no record at all, and a verifier says in which line.
            expect(['seq', 'key_id']).toContain(path[0]);
          } else if (path[0] === 'key_id') {
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

describe('what the heads and the settings excuse', () => {
  const at = (head: RowHead, time: string): RowHead => ({ ...head, at: time });

  it('counts a deleted key whose row is gone', () => {
    const gone = written
      .filter((record) => isLast(record) && record.salts.after === '')
      .map(({ key_id }) => key_id);
    expect(gone).toHaveLength(3);
    const left = heads.filter(({ key_id }) => !gone.includes(key_id));
    expect(proofOf(written, { heads: left })).toMatchObject({
      withoutHead: gone.length,
      findings: [],
    });
  });

  it('counts a key that was born after the heads were exported, and what came later of others', () => {
    const { at: birth = '' } = ofKey(longest)[0] ?? {};
    const others = heads.filter(({ key_id }) => key_id !== longest);
    expect(proofOf(written, { heads: others, headsAt: birth })).toMatchObject({
      withoutHead: 1,
      findings: [],
    });
    const { chain = '', at: time = '' } = ofKey(longest)[2] ?? {};
    const earlier = [...others, { key_id: longest, seq: 3, chain, at: time }];
    expect(proofOf(written, { heads: earlier })).toMatchObject({
      beyondHead: ofKey(longest).length - 3,
      heads: heads.length,
      findings: [],
    });
  });

  it('lets records be missing from before the time that they are kept since, and not from after', () => {
    const last = ofKey(longest).at(-1);
    const auditedSince = last?.at;
    const old = written.filter((record) => record.key_id !== longest || record.seq === last?.seq);
    expect(proofOf(old, { heads, auditedSince })).toMatchObject({
      unrecorded: ofKey(longest).length - 1,
      findings: [],
    });
    const gap = written.filter((record) => record.key_id !== longest || record.seq !== 3);
    expect(findingsIn(gap, { heads, auditedSince: '2026-01-01T00:00:00.000Z' })).toHaveLength(1);
    const none = written.filter(({ key_id }) => key_id !== longest);
    const since = '2027-01-01T00:00:00.000Z';
    expect(findingsIn(none, { heads, auditedSince: since })).toEqual([]);
    const now = heads.map((head) => at(head, since));
    expect(said(findingsIn(none, { heads: now, auditedSince: since }))).toEqual([
      `truncation ${longest}_1`,
    ]);
  });
});
