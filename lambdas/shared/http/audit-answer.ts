/**
 * An audit record as answers show it: LiteLLM's members, and what it takes to tell who it was and that
 * the record is whole. Nothing in it is secret; salts stay in the table.
 */
import { log } from '../adapters/log.ts';
import { type FoundRecord, isDamaged } from '../domain/audit-record.ts';
import { canonicalJson } from '../domain/canonical-json.ts';
import { callerName } from '../domain/changed-by.ts';
import { withoutCredentials } from './key-answer.ts';

type Image = FoundRecord['before'];

/** A record in an answer. A damaged one is logged, by its place alone. */
export function auditAnswer(record: FoundRecord, operation: string, requestId: string) {
  if (isDamaged(record)) {
    const { key_id, seq } = record;
    log('error', 'audit record is damaged', { operation, request_id: requestId, key_id, seq });
  }
  return answerOf(record);
}

const answerOf = (record: FoundRecord) => ({
  id: record.id,
  updated_at: record.at,
  changed_by: record.changed_by,
  changed_by_api_key: record.who?.['changed_by_api_key'] ?? null,
  action: record.action,
  table_name: record.table_name,
  object_id: record.object_id,
  before_value: shown(record, record.before),
  updated_values: changes(record),
  key_id: record.key_id,
  seq: record.seq,
  principal: record.who?.['principal'] ?? null,
  settled_by: record.who?.['settled_by'] ?? null,
  source_ip: record.who?.['source_ip'] ?? null,
  request_id: record.request_id,
  operation_id: record.operation_id,
  ended_overlap: record.ended_overlap === true,
  digest: record.digest,
  chain: record.chain,
  previous_chain: record.previous_chain,
  redacted: Object.keys(record.redacted ?? {}),
  damaged: isDamaged(record),
});

/** Of a birth all; else what differs, with null for what is gone. Null where an image is redacted or damaged. */
function changes(record: FoundRecord): Image {
  const { before, after, redacted } = record;
  if (after === null || before === null) {
    const isBirth = redacted?.['before'] === undefined && !isDamaged(record);
    return isBirth ? shown(record, after) : null;
  }
  // A deletion leaves nothing, which says it all.
  const names = Object.keys(after).length === 0 ? [] : Object.keys({ ...before, ...after });
  const changed = names.filter(
    (name) => canonicalJson(before[name] ?? null) !== canonicalJson(after[name] ?? null),
  );
  const image = shown(record, after);
  return Object.fromEntries(changed.map((name) => [name, image?.[name] ?? null]));
}

/** What no answer about a key shows is not shown here either. */
function shown({ key_id }: FoundRecord, image: Image): Image {
  if (image === null) return null;
  const { token, metadata } = image;
  return {
    ...image,
    ...(typeof token === 'string' ? { token: callerName(key_id, token) } : {}),
    ...(isObject(metadata) ? { metadata: withoutCredentials(metadata) } : {}),
  };
}

const isObject = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);
