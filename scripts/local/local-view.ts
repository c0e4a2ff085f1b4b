import { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { DynamoDBDocumentClient } from '@aws-sdk/lib-dynamodb';
import { auditReads } from '../../lambdas/shared/adapters/table/audit-reads.ts';
import { keyLists } from '../../lambdas/shared/adapters/table/key-lists.ts';
import { type View, watchView } from '../watch/view.ts';
import type { StackOutputs } from './deploy.ts';
import { localIdentity } from './project.ts';
import { sentMails } from './sent-mails.ts';

/** `/_local`: what the service that is deployed on this local AWS does. */
export function localView(endpoint: string, outputs: StackOutputs): View {
  const { region, credentials } = localIdentity;
  const { KeysTableName, AuditTableName } = outputs;
  // Another app, as tests deploy one, has nothing to show.
  if (KeysTableName === undefined || AuditTableName === undefined) return async () => null;
  const client = DynamoDBDocumentClient.from(new DynamoDBClient({ endpoint, region, credentials }));
  return watchView(
    { command: 'npm start', base: '/_local' },
    {
      lists: keyLists(client, KeysTableName),
      audit: auditReads(client, AuditTableName),
      mails: () => sentMails(endpoint),
      now: () => new Date(),
    },
  );
}
