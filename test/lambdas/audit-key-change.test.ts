import { createHash } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { auditKeyChange } from '../../lambdas/audit-key-change/handler.ts';
import type { AuditRecord } from '../../lambdas/shared/domain/audit-record.ts';
import { MemoryAuditTrail } from '../fakes/memory-audit-trail.ts';
import { masterKey, startedService } from '../fakes/service.ts';
import { newestRow, type Service } from './fixtures/stored.ts';

const hash = (text: string) => createHash('sha256').update(text).digest('hex');

/** RFC 8785, written anew: an auditor has no use for a proof by the code under audit. */
function canonical(value: unknown): string {
  if (value === null || typeof value !== 'object') return JSON.stringify(value);
  if (Array.isArray(value)) return `[${value.map((entry) => canonical(entry)).join()}]`;
  const members = Object.entries(value).toSorted(([a], [b]) => (a < b ? -1 : a > b ? 1 : 0));
  return `{${members.map(([name, of]) => `${JSON.stringify(name)}:${canonical(of)}`).join()}}`;
}

/** The chain that an auditor gets to from the records alone, who trusts nothing but their contents. */
function verifiedChain(keyId: string, records: readonly AuditRecord[]): string {
  let chain = hash(keyId);
  for (const [index, record] of records.entries()) {
    const part = (name: 'who' | 'before' | 'after') =>
      hash(record.salts[name] + canonical(record[name]));
    const digest = hash(
      canonical({
        key_id: keyId,
        seq: index + 1,
        action: record.action,
        at: record.at,
        object_id: record.object_id,
        event_id: record.event_id,
        request_id: record.request_id,
        operation_id: record.operation_id,
        ended_overlap: record.ended_overlap === true,
        who: part('who'),
        before: part('before'),
        after: part('after'),
      }),
    );
    expect(record).toMatchObject({ seq: index + 1, digest, previous_chain: chain });
    chain = hash(chain + digest);
    expect(record.chain).toBe(chain);
  }
  return chain;
}

const sorted = (records: Iterable<AuditRecord>) =>
  [...records].toSorted((a, b) => (a.id < b.id ? -1 : 1));

async function born(service: Service, fields: object = { key_alias: 'alpha' }) {
  const { body } = await service.generate(fields);
  await service.deliver();
  return body;
}

describe('the audit trail', () => {
  it('has exactly one record of a birth: before null, after the image', async () => {
    const service = await startedService();
    const { key_id, token } = await born(service, {
      key_alias: 'alpha',
      metadata: { a: [1, 'x'] },
      max_budget: 0.1,
    });
    const records = service.trail.of(key_id);
    expect(records).toHaveLength(1);
    expect(records[0]).toMatchObject({
      id: `${key_id}_1`,
      key_id,
      seq: 1,
      action: 'created',
      at: '2026-11-25T13:50:00.000Z',
      table_name: 'LiteLLM_VerificationToken',
      object_id: token,
      before: null,
      request_id: 'request-1',
      operation_id: null,
    });
    expect(records[0]?.after).toEqual(service.table.row(key_id)?.key);
    expect(Object.values(records[0]?.after ?? {})).not.toContain(null);
  });

  it('verifies from its contents alone, up to the head on the row', async () => {
    const service = await startedService();
    const bodies = [
      await born(service, { key_alias: 'Zoë ✓', metadata: { '\u{1f600}': 1, '\ufb33': 2 } }),
      await born(service, { spend: 1e-7, max_budget: 123456789.125, tags: ['a'] }),
      await born(service, { key: 'sk-chosen-by-somebody', blocked: true, duration: '1mo' }),
    ];
    for (const { key_id } of bodies) {
      const head = verifiedChain(key_id, service.trail.of(key_id));
      expect(head).toBe(service.table.row(key_id)?.chain);
    }
    expect(verifiedChain('master', service.trail.of('master'))).toBe(
      service.table.row('master')?.chain,
    );
  });

  it('has the end of an undone birth: before the image, after {}, chained to the first', async () => {
    const service = await startedService();
    service.secrets.trouble('refused');
    await service.generate({ key_alias: 'alpha' });
    await service.deliver();
    const row = newestRow(service);
    const records = service.trail.of(row.keyId);
    expect(records.map(({ action }) => action)).toEqual(['created', 'generate_undone']);
    expect(records[1]).toMatchObject({ before: row.key, after: {}, object_id: row.cur.hash });
    expect(verifiedChain(row.keyId, records)).toBe(row.chain);
  });

  it('shares salt and hash between one image’s after and the next one’s before', async () => {
    const service = await startedService();
    service.secrets.trouble('refused');
    await service.generate({});
    await service.deliver();
    const [first, second] = service.trail.of(newestRow(service).keyId);
    expect(second?.salts.before).toBe(first?.salts.after);
    expect(second?.salts.who).not.toBe(first?.salts.who);
  });

  it('salts every image and every actor afresh', async () => {
    const service = await startedService();
    await Promise.all(Array.from({ length: 20 }, () => service.generate({})));
    const salts = service.table.rows().flatMap(({ event }) => [event.salts.who, event.salts.after]);
    expect(new Set(salts).size).toBe(salts.length);
    for (const salt of salts) expect(salt).toMatch(/^[0-9a-f]{32}$/);
  });

  it('salts the image of each change afresh, and keeps the salt of one that stays', async () => {
    const service = await startedService();
    const { key_id } = await born(service);
    for (const tpm_limit of [1, 2]) {
      await service.asAdmin({ path: '/key/update', body: { key: key_id, tpm_limit } });
    }
    await service.deliver();
    const salts = service.trail.of(key_id).map((record) => record.salts);
    expect(new Set(salts.map(({ after }) => after)).size).toBe(3);
    for (const [index, { before }] of salts.slice(1).entries()) {
      expect(before).toBe(salts[index]?.after);
    }
  });

  it('has nothing of a settle: that is no change of the key', async () => {
    const service = await startedService();
    const { key_id } = await born(service);
    const writes = service.table.stream.filter(({ after }) => after.keyId === key_id);
    expect(writes.map(({ after }) => after.seq)).toEqual([1, 1]);
    expect(service.trail.of(key_id)).toHaveLength(1);
  });

  it('is the same whatever the stream repeats, and in whatever order keys arrive', async () => {
    const service = await startedService();
    await born(service, { key_alias: 'a' });
    service.secrets.trouble('refused');
    await service.generate({ key_alias: 'b' });
    await born(service, { key_alias: 'c' });
    const { stream } = service.table;
    for (const order of [stream, stream.toReversed(), [...stream, ...stream]]) {
      const trail = new MemoryAuditTrail();
      for (const change of order) await auditKeyChange(() => trail)(change);
      expect(sorted(trail.records.values())).toEqual(sorted(service.trail.records.values()));
    }
  });

  it('shows an edit of any part of any record', async () => {
    const service = await startedService();
    service.secrets.trouble('refused');
    await service.generate({ key_alias: 'alpha', user_id: 'ada' });
    await service.deliver();
    const { keyId } = newestRow(service);
    const edits: ((record: AuditRecord) => AuditRecord)[] = [
      (record) => ({ ...record, action: 'updated' }),
      (record) => ({ ...record, at: '2026-11-25T13:50:00.001Z' }),
      (record) => ({ ...record, object_id: hash('other') }),
      (record) => ({ ...record, event_id: 'other' }),
      (record) => ({ ...record, request_id: 'other' }),
      (record) => ({ ...record, operation_id: 'other' }),
      (record) => ({ ...record, ended_overlap: true }),
      (record) => ({ ...record, who: { ...record.who, source_ip: null } }),
      (record) => ({ ...record, who: { ...record.who, changed_by: 'eve' } }),
      (record) => ({ ...record, before: { ...record.before, spend: 1 } }),
      (record) => ({ ...record, after: { ...record.after, user_id: 'eve' } }),
    ];
    const records = service.trail.of(keyId);
    for (const at of [0, 1]) {
      for (const edit of edits) {
        const forged = records.map((record, index) => (index === at ? edit(record) : record));
        expect(() => verifiedChain(keyId, forged)).toThrow();
      }
    }
    expect(() => verifiedChain(keyId, records.toReversed())).toThrow();
    expect(() => verifiedChain(keyId, records.slice(1))).toThrow();
  });

  it('has who did it, with the header, the key and the address it came from', async () => {
    const service = await startedService();
    const { key_id } = await born(service);
    const [record] = service.trail.of(key_id);
    expect(record?.who).toEqual({
      changed_by: 'default_user_id',
      changed_by_api_key: 'litellm_proxy_master_key',
      principal: 'master',
      settled_by: null,
      source_ip: '192.0.2.1',
    });
    expect(JSON.stringify(record)).not.toContain(hash(masterKey));
  });

  it('has the birth of the admin key, made by the system', async () => {
    const service = await startedService();
    await service.deliver();
    expect(service.trail.of('master')).toMatchObject([
      { seq: 1, action: 'created', changed_by: 'system', before: null },
    ]);
  });

  it('fails as a whole where the trail cannot be written: the stream delivers again', async () => {
    const service = await startedService();
    const [change] = service.table.stream;
    if (change === undefined) throw new Error('No record');
    const broken = auditKeyChange(() => ({
      append: async () => {
        throw new Error('down');
      },
    }));
    await expect(broken(change)).rejects.toThrow('down');
  });
});
