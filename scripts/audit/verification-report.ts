import type { Verification } from './verify-export.ts';

/** 0 where all is proved, 1 where something was tampered with, 2 where the export is not all there. */
export function exitCodeOf({ proof, trailer }: Verification): 0 | 1 | 2 {
  if (proof.findings.length > 0) return 1;
  if (trailer === null) return 2;
  return trailer.records === proof.records ? 0 : 1;
}

/** What a verification comes to, for people. */
export function reportOn(verification: Verification): string {
  const { proof, trailer, heads } = verification;
  const lines = [
    `keys          ${proof.keys}`,
    `records       ${proof.records}${trailer === null ? '' : `, exported ${trailer.exported_at}`}`,
    `redacted      ${proof.redacted} (a part was erased; they verify all the same)`,
    heads === null
      ? 'heads         none given: that the end of a trail is missing or rewritten cannot be seen'
      : `heads         ${proof.heads} of ${heads} are in their key’s trail`,
  ];
  if (proof.withoutHead > 0) {
    lines.push(`without head  ${proof.withoutHead} keys: deleted, or newer than the heads`);
  }
  if (proof.beyondHead > 0) {
    lines.push(`after heads   ${proof.beyondHead} records: later heads will vouch for them`);
  }
  if (proof.unrecorded > 0) {
    lines.push(`not kept      ${proof.unrecorded} records, from before --audited-since`);
  }
  for (const { kind, id, position, sentence } of proof.findings) {
    lines.push(`${kind.toUpperCase().padEnd(13)} ${id}, line ${position}: ${sentence}`);
  }
  return [...lines, '', conclusionOf(verification)].join('\n');
}

function conclusionOf({ proof, trailer, heads }: Verification): string {
  const [first] = proof.findings;
  if (first !== undefined) {
    const keys = proof.findings.length === 1 ? 'One key does' : `${proof.findings.length} keys do`;
    return `NOT PROVED: ${keys} not verify; the first bad record is ${first.id}.`;
  }
  if (trailer === null) {
    return 'NOT COMPLETE: the export was interrupted; give the same audit:export again. What is there verifies.';
  }
  if (trailer.records !== proof.records) {
    return `NOT PROVED: the export was written with ${trailer.records} records, and has ${proof.records}.`;
  }
  return heads === null
    ? 'Each record is as it was written, and none is missing before the last one of each key.'
    : 'PROVED: every record is there, as it was written, up to the heads.';
}
