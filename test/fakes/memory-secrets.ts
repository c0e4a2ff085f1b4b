import type {
  NewSecret,
  ReadOutcome,
  SecretOutcome,
  Secrets,
} from '../../lambdas/shared/domain/ports.ts';

interface StoredSecret {
  readonly arn: string;
  readonly tags: Readonly<Record<string, string>>;
  readonly versions: Map<string, { readonly value: string; readonly stages: Set<string> }>;
}

type Trouble = 'throttled' | 'refused' | 'unanswered' | 'lost-answer';

/**
 * Secrets Manager in memory: the token is the version id, a repeat with the same token and value is
 * a success, another value under it or a taken name is refused.
 */
export class MemorySecrets implements Secrets {
  readonly secrets = new Map<string, StoredSecret>();
  readonly #troubles: Trouble[] = [];
  calls = 0;

  /** The next calls fail so, in order; `lost-answer` takes effect first. */
  trouble(...troubles: Trouble[]): void {
    this.#troubles.push(...troubles);
  }

  async create(secret: NewSecret, limitMs: number): Promise<SecretOutcome> {
    if (limitMs <= 0) return { kind: 'unanswered', reason: 'NotSent' };
    this.calls += 1;
    const trouble = this.#troubles.shift();
    if (trouble === 'throttled' || trouble === 'refused' || trouble === 'unanswered') {
      return { kind: trouble, reason: 'Injected' };
    }
    const outcome = this.#create(secret);
    return trouble === 'lost-answer' ? { kind: 'unanswered', reason: 'Injected' } : outcome;
  }

  async read(secretId: string, versionId: string): Promise<ReadOutcome> {
    const value = this.secrets.get(secretId)?.versions.get(versionId)?.value;
    return value === undefined ? { kind: 'absent', reason: 'absent' } : { kind: 'done', value };
  }

  /** The value behind AWSCURRENT, or null without such a secret. */
  current(name: string): string | null {
    const versions = [...(this.secrets.get(name)?.versions.values() ?? [])];
    return versions.find(({ stages }) => stages.has('AWSCURRENT'))?.value ?? null;
  }

  #create({ name, value, token, tags }: NewSecret): SecretOutcome {
    if (!/^[A-Za-z0-9/_+=.@-]{1,512}$/.test(name)) {
      return { kind: 'refused', reason: 'InvalidParameterException' };
    }
    const present = this.secrets.get(name);
    if (present !== undefined) {
      return present.versions.get(token)?.value === value
        ? { kind: 'done', arn: present.arn }
        : { kind: 'exists', reason: 'ResourceExistsException' };
    }
    const arn = `arn:aws:secretsmanager:eu-central-1:000000000000:secret:${name}-AbCdEf`;
    const versions = new Map([[token, { value, stages: new Set(['AWSCURRENT']) }]]);
    this.secrets.set(name, { arn, tags, versions });
    return { kind: 'done', arn };
  }
}
