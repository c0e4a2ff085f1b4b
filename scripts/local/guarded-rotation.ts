import { errorAnswer, jsonAnswer } from './aws-json.ts';
import type { EmulatorSecrets, SecretDescription } from './emulator-secrets.ts';
import type { Answer, Forwarder } from './forward.ts';
import type { GuardedOperations, GuardedRequest } from './guarded-operations.ts';
import { invokeAsRoot } from './root-client.ts';

const steps = ['createSecret', 'setSecret', 'testSecret', 'finishSecret'] as const;

/** How the emulator's IAM is asked: null, or its refusal of the caller. See `guarded-operations.ts`. */
type AskIam = (request: GuardedRequest, input: object) => Promise<Answer | null>;

/**
 * RotateSecret as AWS does it, on an emulator that makes a copy of the present value current and invokes
 * nobody: names the version that is to get a value, answers, and has the rotation function take its four
 * steps up to the first that fails. Nobody asks again, and there is no schedule: a rotation that failed is
 * taken up again by the next call, which is refused as on AWS.
 */
export function rotateSecret(
  forwarder: Forwarder,
  emulator: EmulatorSecrets,
  askIam: AskIam,
): GuardedOperations {
  return async (request) => {
    const { SecretId: id, ClientRequestToken: token, RotateImmediately } = request.input;
    if (typeof id !== 'string' || typeof token !== 'string') return forwarder.send(request.raw);
    const found = await emulator.describe(id);
    // Missing or scheduled: the emulator refuses by itself, without effect.
    if (found === null || found.DeletedDate !== undefined) return forwarder.send(request.raw);
    // The question leaves the function and the schedule with the emulator, before it fails.
    const refusal = await askIam(request, { ...request.input, ClientRequestToken: {} });
    if (refusal !== null) return refusal;
    const secret = (await emulator.describe(id)) ?? found;
    const { ARN, Name, RotationLambdaARN: lambda } = secret;
    if (lambda === undefined) {
      return errorAnswer(
        'InvalidRequestException',
        "You tried to enable rotation on a secret that doesn't already have a Lambda function ARN configured and you didn't include such an ARN as a parameter in this call.",
      );
    }
    if (RotateImmediately === false) return jsonAnswer(200, { ARN, Name });
    const pending = versionWith(secret, 'AWSPENDING');
    if (pending !== null && pending !== versionWith(secret, 'AWSCURRENT')) {
      void takeSteps(forwarder, lambda, ARN, pending);
      return errorAnswer(
        'InvalidRequestException',
        "A previous rotation isn't complete. That rotation will be reattempted.",
      );
    }
    if (pending !== null) await emulator.removeStage(ARN, 'AWSPENDING', pending);
    await emulator.put(ARN, { VersionId: token, VersionStages: [] }, ['AWSPENDING']);
    void takeSteps(forwarder, lambda, ARN, token);
    return jsonAnswer(200, { ARN, Name, VersionId: token });
  };
}

async function takeSteps(
  forwarder: Forwarder,
  lambda: string,
  SecretId: string,
  ClientRequestToken: string,
): Promise<void> {
  for (const Step of steps) {
    const event = { Step, SecretId, ClientRequestToken };
    if (!(await invokeAsRoot(forwarder, lambda, event))) return;
  }
}

function versionWith({ VersionIdsToStages }: SecretDescription, label: string): string | null {
  const found = Object.entries(VersionIdsToStages).find(([, labels]) => labels.includes(label));
  return found?.[0] ?? null;
}
