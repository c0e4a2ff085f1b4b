import { errorAnswer, errorType, jsonAnswer, parseObject } from './aws-json.ts';
import type { EmulatorSecrets, SecretDescription, SecretVersion } from './emulator-secrets.ts';
import type { Answer, ForwardedRequest, Forwarder } from './forward.ts';
import { rotateSecret } from './guarded-rotation.ts';
import { refusalOfInput } from './secret-input.ts';

export interface GuardedRequest {
  readonly operation: string;
  readonly input: Record<string, unknown>;
  readonly raw: ForwardedRequest;
}

/** Handles one call with AWS's semantics. Calls on one secret must come one after the other. */
export type GuardedOperations = (request: GuardedRequest) => Promise<Answer>;

/** Stands in the description of a secret from its creation until its version has the token as id. */
const unfinished = 'guard:';

/**
 * CreateSecret and PutSecretValue as AWS does them, on an emulator that ignores or misuses their token;
 * RotateSecret, with what it makes of versions and labels in the other calls. Everything else is passed on. A mutation reaches the emulator under the caller's signature, so its
 * IAM decides; where the guard decides alone it first asks the emulator whether the caller may.
 */
export function guardedOperations(
  forwarder: Forwarder,
  emulator: EmulatorSecrets,
): GuardedOperations {
  const operations: Record<string, GuardedOperations> = {
    CreateSecret: (request) => createSecret(request, forwarder, emulator),
    PutSecretValue: (request) => putSecretValue(request, forwarder, emulator),
    GetSecretValue: (request) => getSecretValue(request, forwarder),
    UpdateSecretVersionStage: (request) => updateSecretVersionStage(request, forwarder, emulator),
    RotateSecret: rotateSecret(forwarder, emulator, (request, input) =>
      refusalByIam(request, input, forwarder),
    ),
  };
  return async (request) => {
    const refusal = refusalOfInput(request.input);
    if (refusal !== null) return errorAnswer(refusal.type, refusal.message);
    const operation = operations[request.operation];
    return operation === undefined ? forwarder.send(request.raw) : operation(request);
  };
}

/** Finishes the creations that a killed guard left half done. */
export async function finishCreations(emulator: EmulatorSecrets): Promise<void> {
  for (const secret of await emulator.describedAs(unfinished)) {
    if (secret.DeletedDate === undefined) await finishCreation(secret, emulator);
  }
}

/**
 * The emulator gives the first version a random id. So the caller's create stores the value, and two
 * puts by root give it its id: the first makes the token current and the random version previous, a
 * repeat drops the previous one for good. The description tells how far it got, should the guard die.
 */
async function createSecret(
  request: GuardedRequest,
  forwarder: Forwarder,
  emulator: EmulatorSecrets,
): Promise<Answer> {
  const { Name: name, ClientRequestToken: token, Description: text, ...rest } = request.input;
  const hasNoValue = rest.SecretString === undefined && rest.SecretBinary === undefined;
  if (typeof name !== 'string' || typeof token !== 'string' || hasNoValue)
    return forwarder.send(request.raw);
  // The emulator ignores the token, so leaving it out makes the room that the mark needs.
  const mark = `${unfinished}${token} ${typeof text === 'string' ? text : ''}`.trim();
  const answer = await forwarder.send(
    withBody(request.raw, { Name: name, Description: mark, ...rest }),
  );
  const error = errorType(answer);
  if (error !== null && error !== 'ResourceExistsException') return answer;

  const secret = await emulator.describe(name);
  if (secret === null) return answer;
  if (secret.DeletedDate !== undefined) {
    const why = 'a secret with this name is already scheduled for deletion.';
    return errorAnswer('InvalidRequestException', `You can't create this secret because ${why}`);
  }
  await finishCreation(secret, emulator);
  const version = await emulator.version(secret.ARN, { VersionId: token });
  const isSame = version !== null && hasValue(version, request.input);
  return isSame ? jsonAnswer(200, { ARN: secret.ARN, Name: name, VersionId: token }) : answer;
}

async function finishCreation(secret: SecretDescription, emulator: EmulatorSecrets): Promise<void> {
  if (!secret.Description.startsWith(unfinished)) return;
  const [token = '', ...text] = secret.Description.slice(unfinished.length).split(' ');
  const current = await emulator.version(secret.ARN, { VersionStage: 'AWSCURRENT' });
  if (current !== null) {
    const named = { ...current, VersionId: token };
    await emulator.put(secret.ARN, named, ['AWSCURRENT']);
    await emulator.put(secret.ARN, named, ['AWSCURRENT']);
  }
  await emulator.setDescription(secret.ARN, text.join(' '));
}

/**
 * A version, once stored, never changes: a token that names one is a repeat (nothing happens) or is
 * refused. A new token goes through; then the guard mends what the emulator does to other versions.
 */
async function putSecretValue(
  request: GuardedRequest,
  forwarder: Forwarder,
  emulator: EmulatorSecrets,
): Promise<Answer> {
  const { SecretId: id, ClientRequestToken: token, VersionStages: asked } = request.input;
  if (typeof id !== 'string' || typeof token !== 'string') return forwarder.send(request.raw);
  const secret = await emulator.describe(id);
  // Missing or scheduled: the emulator refuses by itself, without effect.
  if (secret === null || secret.DeletedDate !== undefined) return forwarder.send(request.raw);

  const known = await emulator.version(secret.ARN, { VersionId: token });
  if (known !== null && isStored(known)) {
    const question = { SecretId: id, ClientRequestToken: {} };
    const refusal = await refusalByIam(request, question, forwarder);
    if (refusal !== null) return refusal;
    if (!hasValue(known, request.input)) {
      const why = `that value is already in use for a version of secret ${secret.ARN}.`;
      return errorAnswer(
        'ResourceExistsException',
        `You can't use ClientRequestToken ${token} because ${why}`,
      );
    }
    const { ARN, Name } = secret;
    return jsonAnswer(200, { ARN, Name, VersionId: token, VersionStages: known.VersionStages });
  }

  const previous = await emulator.version(secret.ARN, { VersionStage: 'AWSPREVIOUS' });
  const answer = await forwarder.send(request.raw);
  if (errorType(answer) !== null) return answer;
  // AWS keeps a version that lost its last label readable by id for a day at least; the emulator drops it.
  if (
    previous !== null &&
    (await emulator.version(secret.ARN, { VersionId: previous.VersionId })) === null
  ) {
    await emulator.put(secret.ARN, previous, []);
  }
  // A label sits on one version; the emulator moves only AWSCURRENT.
  const own = Array.isArray(asked) ? asked.filter((stage) => stage !== 'AWSCURRENT') : [];
  for (const [versionId, stages] of Object.entries(secret.VersionIdsToStages)) {
    if (versionId === token) continue;
    for (const stage of stages.filter((each) => own.includes(each))) {
      await emulator.removeStage(secret.ARN, stage, versionId);
    }
  }
  return answer;
}

/** A version that a rotation has only named is none that could be read. */
async function getSecretValue(request: GuardedRequest, forwarder: Forwarder): Promise<Answer> {
  const answer = await forwarder.send(request.raw);
  if (errorType(answer) !== null || isStored(parseObject(answer.body))) return answer;
  return errorAnswer(
    'ResourceNotFoundException',
    "Secrets Manager can't find the specified secret value.",
  );
}

/** AWSCURRENT takes AWSPENDING off the version that it comes to. */
async function updateSecretVersionStage(
  request: GuardedRequest,
  forwarder: Forwarder,
  emulator: EmulatorSecrets,
): Promise<Answer> {
  const answer = await forwarder.send(request.raw);
  const { SecretId: id, VersionStage: stage, MoveToVersionId: to } = request.input;
  const isMove = stage === 'AWSCURRENT' && typeof id === 'string' && typeof to === 'string';
  if (errorType(answer) !== null || !isMove) return answer;
  const secret = await emulator.describe(id);
  if (secret?.VersionIdsToStages[to]?.includes('AWSPENDING') === true) {
    await emulator.removeStage(secret.ARN, 'AWSPENDING', to);
  }
  return answer;
}

const isStored = ({ SecretString, SecretBinary }: Record<string, unknown>): boolean =>
  SecretString !== undefined || SecretBinary !== undefined;

/**
 * The emulator's refusal of this caller, or null. Asked with the caller's own signature and a token of
 * the wrong type: the emulator checks the signature and the policies, then fails before any effect on
 * versions.
 */
async function refusalByIam(
  request: GuardedRequest,
  question: object,
  forwarder: Forwarder,
): Promise<Answer | null> {
  const answer = await forwarder.send(withBody(request.raw, question));
  return answer.status === 500 ? null : answer;
}

/**
 * Another body under the same signature. That works because the SDK signs the body's digest as a header
 * of its own, which the emulator does not compare with the body; but the length is signed as well, so
 * a shorter body is padded.
 */
function withBody(raw: ForwardedRequest, input: object): ForwardedRequest {
  const text = Buffer.from(JSON.stringify(input));
  const padding = Buffer.alloc(Math.max(0, raw.body.length - text.length), ' ');
  return { ...raw, body: Buffer.concat([text, padding]) };
}

function hasValue(version: SecretVersion, input: Record<string, unknown>): boolean {
  return version.SecretString === input.SecretString && version.SecretBinary === input.SecretBinary;
}
