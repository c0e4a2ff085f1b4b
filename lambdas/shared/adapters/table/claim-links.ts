/** Claim links on DynamoDB, in the table of notices. */
import { ConditionalCheckFailedException } from '@aws-sdk/client-dynamodb';
import { type DynamoDBDocumentClient, GetCommand, PutCommand } from '@aws-sdk/lib-dynamodb';
import { type ClaimLink, claimLink, nextLink } from '../../domain/claim-link.ts';
import type { ClaimLinks, IssuedLinks, Randomness } from '../../domain/ports.ts';
import type { Settings } from '../../domain/settings.ts';
import { readerLimits, tableLimit } from '../reader-limits.ts';
import { answered } from './answered.ts';
import { claimLinkItem, type Item } from './items.ts';
import { claimLinkKey } from './keys.ts';

export function parseClaimLink(item: Item): ClaimLink {
  const { pk: _key, ...stored } = item;
  return claimLink.parse(stored);
}

/** For those to whom a link is presented. */
export const issuedLinks = (client: DynamoDBDocumentClient, tableName: string): IssuedLinks => ({
  async find(noticeId, limitMs) {
    const { Item } = await answered(limitMs, (abortSignal) =>
      client.send(
        new GetCommand({
          TableName: tableName,
          Key: { pk: claimLinkKey(noticeId) },
          ConsistentRead: true,
        }),
        { abortSignal },
      ),
    );
    return Item === undefined ? null : parseClaimLink(Item);
  },
});

/** For the sender of the mails that links are in. */
export function claimLinks(
  client: DynamoDBDocumentClient,
  tableName: string,
  settings: Settings,
  random: Randomness,
): ClaimLinks {
  const links = issuedLinks(client, tableName);
  return {
    async issue(notice, row, now) {
      const earlier = await links.find(notice.id, readerLimits.tableMs);
      const next = nextLink(notice.id, row, earlier, settings, now, random.bytes);
      if (next === null) return null;
      await put(next.link);
      return `${settings.baseUrl}/claim#${next.token}`;
    },
  };

  /** Over the earlier one as it was read, so that none comes back which is being used meanwhile. */
  async function put(link: ClaimLink): Promise<void> {
    try {
      await client.send(
        new PutCommand({
          TableName: tableName,
          Item: claimLinkItem(link),
          ...(link.rev === 1
            ? { ConditionExpression: 'attribute_not_exists(pk)' }
            : {
                ConditionExpression: '#rev = :rev',
                ExpressionAttributeNames: { '#rev': 'rev' },
                ExpressionAttributeValues: { ':rev': link.rev - 1 },
              }),
        }),
        tableLimit(),
      );
    } catch (error) {
      // The SDK's own repeat of a put that took effect meets what that one wrote, too.
      if (!(error instanceof ConditionalCheckFailedException)) throw error;
      throw new Error('The link was written or used meanwhile', { cause: error });
    }
  }
}
