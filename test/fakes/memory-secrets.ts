import type {
  DescribeOutcome,
  NewSecret,
  ReadOutcome,
  SecretFailure,
  SecretOutcome,
  SecretRepairs,
  SecretStaging,
  Secrets,
} from '../../lambdas/shared/domain/ports.ts';
import { tombstone, voidStage } from '../../lambdas/shared/domain/tombstone.ts';
import { AwsRefusal } from './aws-refusal.ts';
import { holderOf } from './secret-versions.ts';
import { FakeSecretsManager, type StoredSecret } from './secrets-manager.ts';

type Trouble = 'none' | 'throttled' | 'refused' | 'unanswered' | 'lost-answer';

/** The mirror over a Secrets Manager in memory, which tests may share, look into and make stale. */
export class MemorySecrets implements Secrets, SecretRepairs, SecretStaging {
  readonly service: FakeSecretsManager;
  readonly #troubles: Trouble[] = [];
  /** How many changes were sent. */
  calls = 0;

  constructor(service: FakeSecretsManager = new FakeSecretsManager()) {
    this.service = service;
  }

  /** The next changes fail so, in order; `lost-answer` takes effect first. */
  trouble(...troubles: Trouble[]): void {
    this.#troubles.push(...troubles);
  }

  async create({ name, value, token, tags }: NewSecret, limitMs: number): Promise<SecretOutcome> {
    return this.#changed(limitMs, () =>
      this.service.createSecret({
        Name: name,
        SecretString: value,
        ClientRequestToken: token,
        Tags: Object.entries(tags).map(([Key, Value]) => ({ Key, Value })),
      }),
    );
  }

  async read(secretId: string, versionId: string, limitMs: number): Promise<ReadOutcome> {
    return answered(limitMs, () => {
      const found = this.service.getSecretValue({ SecretId: secretId, VersionId: versionId });
      return { kind: 'done', value: found.SecretString };
    });
  }

  async describe(secretId: string, limitMs: number): Promise<DescribeOutcome> {
    return answered(limitMs, () => {
      const found = this.service.describeSecret({ SecretId: secretId });
      return {
        kind: 'done',
        arn: found.ARN,
        isScheduled: found.DeletedDate !== undefined,
        stages: found.VersionIdsToStages,
        tags: Object.fromEntries(found.Tags.map(({ Key, Value }) => [Key, Value])),
      };
    });
  }

  async putTombstone(secretId: string, token: string, limitMs: number): Promise<SecretOutcome> {
    return this.#changed(limitMs, () =>
      this.service.putSecretValue({
        SecretId: secretId,
        SecretString: tombstone,
        ClientRequestToken: token,
        VersionStages: [voidStage],
      }),
    );
  }

  async put(
    secretId: string,
    value: string,
    token: string,
    limitMs: number,
  ): Promise<SecretOutcome> {
    return this.#changed(limitMs, () =>
      this.service.putSecretValue({
        SecretId: secretId,
        SecretString: value,
        ClientRequestToken: token,
      }),
    );
  }

  async tag(
    secretId: string,
    tags: Readonly<Record<string, string>>,
    limitMs: number,
  ): Promise<SecretOutcome> {
    return this.#changed(limitMs, () => {
      const Tags = Object.entries(tags).map(([Key, Value]) => ({ Key, Value }));
      this.service.tagResource({ SecretId: secretId, Tags });
      return { ARN: secretId };
    });
  }

  async restore(secretId: string, limitMs: number): Promise<SecretOutcome> {
    return this.#changed(limitMs, () => this.service.restoreSecret({ SecretId: secretId }));
  }

  async remove(secretId: string, limitMs: number): Promise<SecretOutcome> {
    return this.#changed(limitMs, () =>
      this.service.deleteSecret({ SecretId: secretId, RecoveryWindowInDays: 7 }),
    );
  }

  async moveCurrent(
    secretId: string,
    from: string,
    to: string,
    limitMs: number,
  ): Promise<SecretOutcome> {
    return this.#changed(limitMs, () =>
      this.service.updateSecretVersionStage({
        SecretId: secretId,
        VersionStage: 'AWSCURRENT',
        RemoveFromVersionId: from,
        MoveToVersionId: to,
      }),
    );
  }

  async stage(
    secretId: string,
    value: string,
    token: string,
    limitMs: number,
  ): Promise<SecretOutcome> {
    return this.#changed(limitMs, () =>
      this.service.putSecretValue({
        SecretId: secretId,
        SecretString: value,
        ClientRequestToken: token,
        VersionStages: ['AWSPENDING'],
      }),
    );
  }

  async unstage(secretId: string, from: string, limitMs: number): Promise<SecretOutcome> {
    return this.#changed(limitMs, () =>
      this.service.updateSecretVersionStage({
        SecretId: secretId,
        VersionStage: 'AWSPENDING',
        RemoveFromVersionId: from,
      }),
    );
  }

  async dropPrevious(secretId: string, from: string, limitMs: number): Promise<SecretOutcome> {
    return this.#changed(limitMs, () =>
      this.service.updateSecretVersionStage({
        SecretId: secretId,
        VersionStage: 'AWSPREVIOUS',
        RemoveFromVersionId: from,
      }),
    );
  }

  /** All secrets by name, those in their deletion window included. */
  get secrets(): ReadonlyMap<string, StoredSecret> {
    return new Map(
      this.service.names().flatMap((name) => {
        const secret = this.service.stored(name);
        return secret === null ? [] : [[name, secret]];
      }),
    );
  }

  /** The value behind AWSCURRENT, or null where nobody could read one. */
  current(name: string): string | null {
    const secret = this.service.stored(name);
    if (secret === null || secret.deletedAt !== null) return null;
    const id = holderOf(secret.versions, 'AWSCURRENT');
    return id === null ? null : (secret.versions.get(id)?.value ?? null);
  }

  #changed(limitMs: number, change: () => { ARN: string }): SecretOutcome {
    return answered(limitMs, (): SecretOutcome => {
      this.calls += 1;
      const trouble = this.#troubles.shift();
      if (trouble === 'throttled' || trouble === 'refused' || trouble === 'unanswered') {
        return { kind: trouble, reason: 'Injected' };
      }
      const outcome = answered(limitMs, (): SecretOutcome => ({ kind: 'done', arn: change().ARN }));
      return trouble === 'lost-answer' ? { kind: 'unanswered', reason: 'Injected' } : outcome;
    });
  }
}

/** How the real adapter tells apart what the service says. */
function answered<Outcome>(limitMs: number, call: () => Outcome): Outcome | SecretFailure {
  if (limitMs <= 0) return { kind: 'unanswered', reason: 'NotSent' };
  try {
    return call();
  } catch (error) {
    if (!(error instanceof AwsRefusal)) throw error;
    return { kind: kinds[error.name] ?? 'refused', reason: error.name };
  }
}

const kinds: Readonly<Record<string, SecretFailure['kind']>> = {
  ResourceExistsException: 'exists',
  InvalidRequestException: 'scheduled',
  ResourceNotFoundException: 'absent',
  ThrottlingException: 'throttled',
};
