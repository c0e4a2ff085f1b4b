import type { Verification } from './verify-export.ts';

/**
 * 0 where all is proved, 1 where something was tampered with, 2 where the export is not all there, 3
 * where nothing is wrong and not all is proved.
 */
export function exitCodeOf({ proof, trailer, heads }: Verification): 0 | 1 | 2 | 3 {
  if (proof.findings.length > 0) return 1;
  if (trailer === null) return 2;
  if (trailer.records !== proof.records) return 1;
  return heads === null || proof.doubts.length > 0 ? 3 : 0;
}

/** What a verification comes to, for people. */
export function reportOn(verification: Verification): string {
  const { proof, trailer, heads } = verification;
  const lines = [
    `keys          ${proof.keys}`,
    `records       ${proof.records}${trailer === null ? '' : `, exported ${trailer.exported_at}`}`,
    `redacted      ${proof.redacted.length} (a part was erased; they verify all the same)`,
    heads === null
      ? 'heads         none given'
      : `heads         ${proof.heads} of ${heads} are in their key’s trail`,
  ];
  if (proof.beyondHead > 0) {
    lines.push(`after heads   ${proof.beyondHead} records: later heads will vouch for them`);
  }
  if (proof.unrecorded > 0) {
    lines.push(`missing       ${proof.unrecorded} records that --audited-since may excuse`);
  }
  for (const { id, position, parts } of proof.redacted) {
    lines.push(`REDACTED      ${id}, line ${position}: ${parts.join(', ')}`);
  }
  for (const { kind, id, position, sentence } of [...proof.doubts, ...proof.findings]) {
    const where = [...new Set([id, `line ${position}`])].join(', ');
    lines.push(`${kind.toUpperCase().padEnd(13)} ${where}: ${sentence}`);
  }
  return [...lines, '', conclusionOf(verification)].join('\n');
}

function conclusionOf({ proof, trailer, heads }: Verification): string {
  const [first] = proof.findings;
  if (first !== undefined) {
    const count = proof.findings.length;
    return `NOT PROVED: ${count} ${count === 1 ? 'finding' : 'findings'}; the first bad record is ${first.id}.`;
  }
  if (trailer === null) {
    return 'NOT COMPLETE: the export was interrupted; give the same audit:export again. What is there shows no fault.';
  }
  if (trailer.records !== proof.records) {
    return `NOT PROVED: the export was written with ${trailer.records} records, and has ${proof.records}.`;
  }
  if (heads === null) {
    return 'CONSISTENT IN ITSELF, which proves little: without --heads nothing shows that a key or the end of a trail is missing, that a trail was written anew, or that a key was invented.';
  }
  const keys = new Set(proof.doubts.map(({ keyId }) => keyId)).size;
  return keys > 0
    ? `NOT ALL PROVED: nothing is wrong, but of ${keys === 1 ? 'one key' : `${keys} keys`} not all is proved, as said above; the others are, up to the heads.`
    : 'PROVED: every record is there, as it was written, up to the heads.';
}
