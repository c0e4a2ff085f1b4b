import type { Finding, Switches } from './finding.ts';
import { at, list, type Resource, type Resources } from './template.ts';

const mapping = 'AWS::Lambda::EventSourceMapping';

/**
 * Each stream bears two readers, and that of the keys table has exactly its own: the mails and, unless
 * it is off, the audit.
 */
export function readerFindings(next: Resources, { storeAuditLogs }: Switches): Finding[] {
  const readers = Object.values(next).filter(({ Type }) => Type === mapping);
  const byTable = Map.groupBy(readers, streamedTable);
  const findings: Finding[] = [];
  for (const [id, of] of byTable) {
    if (id === null || of.length <= 2) continue;
    const says = `The stream of the table has ${of.length} readers: more than two slow each other down until they fall behind what the stream keeps. Attach the new one to the stream of the audit table, or let a reader do its work.`;
    findings.push({ id, says });
  }
  const [keys] = Object.keys(next).filter((id) => id.startsWith('KeysTable'));
  if (keys === undefined) return findings;
  const its = byTable.get(keys) ?? [];
  if (its.every(isAuditReader)) {
    const says =
      'The stream of the table has no reader for mails: what nobody reads within 24 hours is never mailed. Put the mapping of email-key-change back; alerting may be off with it in place.';
    findings.push({ id: keys, says });
  }
  if (storeAuditLogs && !its.some(isAuditReader)) {
    const says =
      'The stream of the table has no reader for the audit, and storeAuditLogs is on: records would be missing for good. Put the mapping of audit-key-change back, or turn storeAuditLogs off.';
    findings.push({ id: keys, says });
  }
  return findings;
}

/** Whether a mapping feeds the audit. */
export const isAuditReader = ({ Type, Properties }: Resource): boolean => {
  const target = at(Properties, 'FunctionName', 'Ref');
  return Type === mapping && typeof target === 'string' && /audit-?key-?change/.test(target);
};

function streamedTable({ Properties }: Resource): string | null {
  const [id, attribute] = list(at(Properties, 'EventSourceArn', 'Fn::GetAtt'));
  return typeof id === 'string' && attribute === 'StreamArn' ? id : null;
}
