/** `/_dev`: what the service has sent and stored, for people and for scripts. */
import { memoryAuditReads } from '../../test/fakes/memory-audit-reads.ts';
import { memoryKeyLists } from '../../test/fakes/memory-key-lists.ts';
import type { StoredSecret } from '../../test/fakes/secrets-manager.ts';
import { json, type View, watchView } from '../watch/view.ts';
import type { Background, Service } from './background.ts';

export function devViews(service: Service, background: Background): View {
  const { table, trail, secrets } = service;
  const secretView = ({ name, arn, tags, versions, deletedAt }: StoredSecret) => ({
    name,
    arn,
    tags,
    value: secrets.current(name),
    versions: Object.fromEntries([...versions].map(([id, { stages }]) => [id, [...stages]])),
    deleted_at: deletedAt === null ? null : new Date(deletedAt).toISOString(),
  });
  const view = watchView(
    { command: 'npm run dev', base: '/_dev' },
    {
      lists: memoryKeyLists(table),
      audit: memoryAuditReads(trail),
      mails: async () => background.mails,
      now: service.now,
    },
    {
      '/_dev/mails.json': () => json(background.mails),
      '/_dev/audit': () => json([...trail.records.values()]),
      '/_dev/secrets': () => json([...secrets.secrets.values()].map(secretView)),
    },
  );
  return async (method, target, host) => {
    if (target.startsWith('/_dev')) await background.deliver();
    return view(method, target, host);
  };
}
