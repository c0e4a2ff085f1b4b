/**
 * Secrets Manager in memory, to the letter of its documentation; what the two-store protocol relies
 * on is a case of `test/contract/secrets-manager-cases.ts`. Requests and answers have the members
 * of the service's own JSON. Refusals are `AwsRefusal`s with AWS's exception names.
 */
import { createHash } from 'node:crypto';
import { AwsRefusal } from './aws-refusal.ts';
import { Copies } from './copies.ts';
import {
  holderOf,
  type SecretVersions,
  withoutStage,
  withStage,
  withValueOf,
  withVersion,
} from './secret-versions.ts';
import {
  checkInput,
  checkRecoveryWindow,
  checkSecretId,
  type Tag,
  tokenOf,
} from './secrets-manager-checks.ts';
import { SecretsManagerRates } from './secrets-manager-rates.ts';

export interface StoredSecret {
  readonly arn: string;
  readonly name: string;
  readonly description: string | undefined;
  readonly tags: Readonly<Record<string, string>>;
  readonly versions: SecretVersions;
  /** End of the deletion window; null for a live secret. */
  readonly deletedAt: number | null;
  /** The function that rotates it, once there is one. */
  readonly rotationLambda: string | null;
}

interface Named {
  readonly SecretId: string;
}

export interface CreateSecretInput {
  readonly Name: string;
  readonly Description?: string | undefined;
  readonly SecretString?: string | undefined;
  readonly ClientRequestToken?: string | undefined;
  readonly Tags?: readonly Tag[] | undefined;
}

export interface PutSecretValueInput extends Named {
  readonly SecretString: string;
  readonly ClientRequestToken?: string | undefined;
  readonly VersionStages?: readonly string[] | undefined;
}

export interface GetSecretValueInput extends Named {
  readonly VersionId?: string | undefined;
  readonly VersionStage?: string | undefined;
}

export interface UpdateSecretVersionStageInput extends Named {
  readonly VersionStage: string;
  readonly MoveToVersionId?: string | undefined;
  readonly RemoveFromVersionId?: string | undefined;
}

export interface RotateSecretInput extends Named {
  readonly ClientRequestToken?: string | undefined;
  readonly RotationLambdaARN?: string | undefined;
}

/** What Secrets Manager sends to a rotation function. */
export interface RotationEvent {
  readonly Step: 'createSecret' | 'setSecret' | 'testSecret' | 'finishSecret';
  readonly SecretId: string;
  readonly ClientRequestToken: string;
}

const dayMs = 86_400_000;
const goneMs = 3_600_000;
const nothing = (): number => 0;

export class FakeSecretsManager {
  readonly #now: () => Date;
  readonly #copies = new Copies<StoredSecret | null>();
  #lagOf: (operation: string) => number = nothing;
  #rates: SecretsManagerRates | null = null;
  #created = 0;

  constructor(now: () => Date = () => new Date()) {
    this.#now = now;
  }

  /**
   * From now on reads come from a copy this old, and so do refusals: a change that the copy would
   * refuse is refused. A success of a change is never stale. 0 ends it; a function may choose per
   * call, by the name of the operation.
   */
  staleFor(lag: number | ((operation: string) => number)): void {
    this.#lagOf = typeof lag === 'number' ? () => lag : lag;
  }

  /** From now on no more calls are taken per second than AWS takes. */
  limitRates(): void {
    this.#rates = new SecretsManagerRates();
  }

  /** What is really stored under a name, whatever reads would say; null for nothing. */
  stored(name: string): StoredSecret | null {
    return this.#asOf(name, this.#time());
  }

  /** Names of all secrets, those in their deletion window included. */
  names(): string[] {
    return this.#copies.keys().filter((name) => this.stored(name) !== null);
  }

  /** Forgets secrets whose deletion window ended so long ago that no stale read could tell of them. */
  removeExpired(): void {
    for (const name of this.#copies.keys()) {
      if (this.#asOf(name, this.#time() - goneMs) === null && this.stored(name) === null) {
        this.#copies.forget(name);
      }
    }
  }

  /** Ends a secret at once, as the end of its deletion window would. */
  purge(name: string): void {
    this.#copies.set(name, null, this.#time());
  }

  createSecret(input: CreateSecretInput) {
    const { Name, Description, SecretString, Tags = [] } = input;
    const token = tokenOf(input);
    checkInput(input);
    return this.#change('CreateSecret', Name, (present, at) => {
      if (present !== null) {
        if (present.deletedAt !== null) throw scheduledName();
        if (present.versions.get(token)?.value !== SecretString || SecretString === undefined) {
          throw new AwsRefusal(
            'ResourceExistsException',
            `The operation failed because the secret ${Name} already exists.`,
          );
        }
        return [present, { ARN: present.arn, Name, VersionId: token }];
      }
      const none: SecretVersions = new Map();
      const secret: StoredSecret = {
        arn: this.#newArn(Name),
        name: Name,
        description: Description,
        tags: recordOf(Tags),
        versions:
          SecretString === undefined ? none : withVersion(none, token, SecretString, [], at),
        deletedAt: null,
        rotationLambda: null,
      };
      const version = SecretString === undefined ? {} : { VersionId: token };
      return [secret, { ARN: secret.arn, Name, ...version }];
    });
  }

  putSecretValue(input: PutSecretValueInput) {
    const { SecretId, SecretString, VersionStages } = input;
    const token = tokenOf(input);
    checkSecretId(SecretId);
    checkInput(input);
    return this.#change('PutSecretValue', SecretId, (found, at) => {
      const secret = live(found);
      const known = secret.versions.get(token);
      if (known !== undefined && known.value !== null && known.value !== SecretString) {
        const why = `that value is already in use for a version of secret ${secret.arn}.`;
        throw new AwsRefusal(
          'ResourceExistsException',
          `You can't use ClientRequestToken ${token} because ${why}`,
        );
      }
      const asked = VersionStages ?? ['AWSCURRENT'];
      const versions = stored();
      const stages = [...(versions.get(token)?.stages ?? [])];
      return [
        { ...secret, versions },
        { ARN: secret.arn, Name: secret.name, VersionId: token, VersionStages: stages },
      ];

      function stored(): SecretVersions {
        if (known === undefined) {
          return withVersion(secret.versions, token, SecretString, asked, at);
        }
        if (known.value !== null) return secret.versions;
        return withValueOf(secret.versions, token, SecretString, asked);
      }
    });
  }

  getSecretValue({ SecretId, VersionId, VersionStage }: GetSecretValueInput) {
    checkSecretId(SecretId);
    return this.#read('GetSecretValue', SecretId, (found) => {
      const secret = live(found);
      const stage = VersionStage ?? (VersionId === undefined ? 'AWSCURRENT' : undefined);
      const id = VersionId ?? holderOf(secret.versions, stage ?? '');
      const version = id === null ? undefined : secret.versions.get(id);
      if (id === null || version === undefined) throw missingVersion(VersionId ?? stage ?? '');
      if (stage !== undefined && !version.stages.has(stage)) throw missingVersion(stage);
      if (version.value === null) throw missingVersion(id);
      return {
        ARN: secret.arn,
        Name: secret.name,
        VersionId: id,
        VersionStages: [...version.stages],
        SecretString: version.value,
        CreatedDate: new Date(version.createdAt),
      };
    });
  }

  describeSecret({ SecretId }: Named) {
    checkSecretId(SecretId);
    return this.#read('DescribeSecret', SecretId, (found) => {
      const secret = existing(found);
      const labelled = [...secret.versions].filter(([, { stages }]) => stages.size > 0);
      return {
        ARN: secret.arn,
        Name: secret.name,
        Description: secret.description,
        Tags: tagsOf(secret.tags),
        VersionIdsToStages: Object.fromEntries(
          labelled.map(([id, { stages }]) => [id, [...stages]]),
        ),
        ...(secret.deletedAt === null ? {} : { DeletedDate: new Date(secret.deletedAt) }),
      };
    });
  }

  deleteSecret({
    SecretId,
    RecoveryWindowInDays = 30,
  }: Named & { readonly RecoveryWindowInDays?: number | undefined }) {
    checkSecretId(SecretId);
    checkRecoveryWindow(RecoveryWindowInDays);
    return this.#change('DeleteSecret', SecretId, (found, at) => {
      const secret = live(found);
      const deletedAt = at + RecoveryWindowInDays * dayMs;
      return [
        { ...secret, deletedAt },
        { ARN: secret.arn, Name: secret.name, DeletionDate: new Date(deletedAt) },
      ];
    });
  }

  restoreSecret({ SecretId }: Named) {
    checkSecretId(SecretId);
    return this.#change('RestoreSecret', SecretId, (found) => {
      const secret = existing(found);
      return [
        { ...secret, deletedAt: null },
        { ARN: secret.arn, Name: secret.name },
      ];
    });
  }

  updateSecretVersionStage(input: UpdateSecretVersionStageInput) {
    const { SecretId, VersionStage: stage, MoveToVersionId: to, RemoveFromVersionId: from } = input;
    checkSecretId(SecretId);
    checkInput({ VersionStages: [stage] });
    return this.#change('UpdateSecretVersionStage', SecretId, (found) => {
      const secret = live(found);
      const versions = movedStage(secret.versions, stage, from, to);
      return [
        { ...secret, versions },
        { ARN: secret.arn, Name: secret.name },
      ];
    });
  }

  /**
   * Begins a rotation: names the version that is to get a value. The steps are another's to take, see
   * `rotationEvents`: the service takes them by itself, after its answer.
   */
  rotateSecret(input: RotateSecretInput) {
    const { SecretId, RotationLambdaARN } = input;
    const token = tokenOf(input);
    checkSecretId(SecretId);
    checkInput(input);
    return this.#change('RotateSecret', SecretId, (found, at) => {
      const secret = live(found);
      const rotationLambda = RotationLambdaARN ?? secret.rotationLambda;
      if (rotationLambda === null) {
        throw new AwsRefusal(
          'InvalidRequestException',
          "You tried to enable rotation on a secret that doesn't already have a Lambda function ARN configured and you didn't include such an ARN as a parameter in this call.",
        );
      }
      const pending = holderOf(secret.versions, 'AWSPENDING');
      if (pending !== null && pending !== holderOf(secret.versions, 'AWSCURRENT')) {
        throw new AwsRefusal(
          'InvalidRequestException',
          "A previous rotation isn't complete. That rotation will be reattempted.",
        );
      }
      const versions = secret.versions.has(token)
        ? secret.versions
        : withVersion(secret.versions, token, null, ['AWSPENDING'], at);
      return [
        { ...secret, versions, rotationLambda },
        { ARN: secret.arn, Name: secret.name, VersionId: token },
      ];
    });
  }

  /**
   * What a rotation function is invoked with for the version that is staged, in this order, each once the
   * one before it has succeeded; empty where no rotation is under way.
   */
  rotationEvents(name: string): readonly RotationEvent[] {
    const secret = this.stored(name);
    const token = secret === null ? null : holderOf(secret.versions, 'AWSPENDING');
    if (secret === null || token === null || secret.deletedAt !== null) return [];
    return (['createSecret', 'setSecret', 'testSecret', 'finishSecret'] as const).map((Step) => ({
      Step,
      SecretId: secret.arn,
      ClientRequestToken: token,
    }));
  }

  tagResource({ SecretId, Tags }: Named & { readonly Tags: readonly Tag[] }): object {
    checkSecretId(SecretId);
    checkInput({ Tags });
    return this.#change('TagResource', SecretId, (found) => {
      const secret = live(found);
      const tags = { ...secret.tags, ...recordOf(Tags) };
      checkInput({ Tags: tagsOf(tags) });
      return [{ ...secret, tags }, {}];
    });
  }

  #read<Answer>(
    operation: string,
    secretId: string,
    look: (secret: StoredSecret | null) => Answer,
  ): Answer {
    this.#rates?.take(operation, this.#now());
    return look(this.#find(secretId, this.#time() - this.#lagOf(operation)));
  }

  /** `decide` takes no effect by itself: it is asked about the old copy first, then about the truth. */
  #change<Answer>(
    operation: string,
    secretId: string,
    decide: (secret: StoredSecret | null, at: number) => [StoredSecret, Answer],
  ): Answer {
    this.#rates?.take(operation, this.#now());
    const at = this.#time();
    const lag = this.#lagOf(operation);
    if (lag > 0) decide(this.#find(secretId, at - lag), at);
    const [changed, answer] = decide(this.#find(secretId, at), at);
    this.#copies.set(changed.name, changed, at);
    return answer;
  }

  /** By name, ARN, or ARN without the six characters at its end. */
  #find(secretId: string, at: number): StoredSecret | null {
    if (!secretId.startsWith('arn:')) return this.#asOf(secretId, at);
    const name = secretId.split(':').slice(6).join(':');
    const secret = this.#asOf(name.replace(suffix, ''), at) ?? this.#asOf(name, at);
    if (secret === null) return null;
    return [secret.arn, secret.arn.replace(suffix, '')].includes(secretId) ? secret : null;
  }

  #asOf(name: string, at: number): StoredSecret | null {
    const secret = this.#copies.asOf(name, at);
    if (secret === undefined || secret === null) return null;
    return secret.deletedAt !== null && secret.deletedAt <= at ? null : secret;
  }

  #newArn(name: string): string {
    this.#created += 1;
    const random = createHash('sha256').update(`${name}/${this.#created}`).digest('hex');
    return `arn:aws:secretsmanager:eu-central-1:000000000000:secret:${name}-${random.slice(0, 6)}`;
  }

  #time(): number {
    return this.#now().getTime();
  }
}

const recordOf = (tags: readonly Tag[]): Record<string, string> =>
  Object.fromEntries(tags.map(({ Key, Value }) => [Key, Value]));

const tagsOf = (tags: Readonly<Record<string, string>>): Tag[] =>
  Object.entries(tags).map(([Key, Value]) => ({ Key, Value }));

const suffix = /-[A-Za-z0-9]{6}$/;

function movedStage(
  versions: SecretVersions,
  stage: string,
  from: string | undefined,
  to: string | undefined,
): SecretVersions {
  const holder = holderOf(versions, stage);
  for (const id of [from, to]) {
    if (id !== undefined && !versions.has(id)) {
      throw new AwsRefusal(
        'ResourceNotFoundException',
        `Secrets Manager can't find the specified secret version: ${id}.`,
      );
    }
  }
  if (to === undefined && from === undefined) {
    throw refusedMove('Name the version to move the label to, or to remove it from.');
  }
  if (from !== undefined && from !== holder) {
    throw refusedMove(
      `If you specify RemoveFromVersionId, it must be the version that has the staging label ${stage}.`,
    );
  }
  if (to !== undefined && from === undefined && holder !== null && holder !== to) {
    throw refusedMove(
      `The staging label ${stage} is currently attached to version ${holder}, so you must explicitly reference that version in RemoveFromVersionId.`,
    );
  }
  if (to !== undefined) return withStage(versions, stage, to);
  if (stage === 'AWSCURRENT') {
    throw refusedMove('AWSCURRENT can only be moved to another version, not removed.');
  }
  return withoutStage(versions, stage);
}

const refusedMove = (message: string) => new AwsRefusal('InvalidParameterException', message);

function existing(secret: StoredSecret | null): StoredSecret {
  if (secret !== null) return secret;
  throw new AwsRefusal(
    'ResourceNotFoundException',
    "Secrets Manager can't find the specified secret.",
  );
}

function live(found: StoredSecret | null): StoredSecret {
  const secret = existing(found);
  if (secret.deletedAt === null) return secret;
  throw new AwsRefusal(
    'InvalidRequestException',
    "You can't perform this operation on the secret because it was marked for deletion.",
  );
}

const scheduledName = () =>
  new AwsRefusal(
    'InvalidRequestException',
    "You can't create this secret because a secret with this name is already scheduled for deletion.",
  );

const missingVersion = (which: string) =>
  new AwsRefusal(
    'ResourceNotFoundException',
    `Secrets Manager can't find the specified secret value for ${which}.`,
  );
