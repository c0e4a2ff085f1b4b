/**
 * `POST /key/claim`: shows a key to whoever has the link of a mail about it, once. The only function
 * that takes no credential and may read secrets: it finds them by the hash of a token, never by a name
 * that it is sent.
 */
import { documentClient, secretsClient } from '../shared/adapters/clients.ts';
import { secureRandom } from '../shared/adapters/randomness.ts';
import { secretReads } from '../shared/adapters/secret-reads.ts';
import { issuedLinks } from '../shared/adapters/table/claim-links.ts';
import { keyTable } from '../shared/adapters/table/key-table.ts';
import { noticesPart } from '../shared/adapters/table/notices-part.ts';
import { readConfig, readSettings } from '../shared/config.ts';
import { deadlineOf } from '../shared/domain/deadline.ts';
import { MalformedRequest } from '../shared/domain/errors.ts';
import { ok } from '../shared/http/answer.ts';
import { answering } from '../shared/http/answering.ts';
import { jsonBody } from '../shared/http/json-body.ts';
import { type ClaimStores, claimValue } from '../shared/protocol/claim-value.ts';
import { claimRequest } from './schema.ts';

export function claimKey(wire: () => ClaimStores) {
  let stores: ClaimStores | undefined;
  return answering('claim-key', async (request) => {
    stores ??= wire();
    const { settings, now } = stores;
    const { token } = jsonBody(claimRequest, request);
    if (typeof token !== 'string') throw new MalformedRequest('token', 'token is required.');
    const deadline = deadlineOf(settings.timing.functionTimeoutSeconds, now);
    const { id: requestId, sourceIp } = request;
    const { row, value } = await claimValue(stores, token, { requestId, sourceIp, deadline });
    const answer = ok({
      key: value,
      key_id: row.keyId,
      key_alias: row.alias,
      base_url: settings.baseUrl,
      expires: row.expires,
    });
    return { ...answer, headers: { 'cache-control': 'no-store' }, keyId: row.keyId };
  });
}

export const handler = claimKey(() => {
  const { KEYS_TABLE, NOTICES_TABLE } = readConfig('KEYS_TABLE', 'NOTICES_TABLE');
  return {
    table: keyTable(documentClient, KEYS_TABLE, null, noticesPart(NOTICES_TABLE)),
    links: issuedLinks(documentClient, NOTICES_TABLE),
    secrets: secretReads(secretsClient),
    random: secureRandom,
    now: () => new Date(),
    settings: readSettings(),
  };
});
