/** A client that tries again, as a real one would, and keeps count of what it was answered. */
import { setTimeout as sleep } from 'node:timers/promises';
import { type Received, type Sent, send } from '../api-client.ts';

export interface Outcome {
  readonly answer: Received;
  /** Whether an attempt may have had an effect that nobody told of. */
  readonly isDoubtful: boolean;
}

const attempts = 6;
/** Less patient than it is asked to be, so that it meets what is still open. */
const mostSeconds = 3;
const gatewayPauseMs = 300;

/** Answers by status; `gateway 502` is one that the gateway made itself, for its function had died. */
export class Tally {
  readonly answers: Record<string, number> = {};
  readonly faulty: string[] = [];
  gatewayErrors = 0;

  note(path: string, { status, headers, body }: Received): void {
    const isGateway = status >= 500 && !headers.has('x-request-id');
    const name = isGateway ? `gateway ${status}` : String(status);
    this.answers[name] = (this.answers[name] ?? 0) + 1;
    if (isGateway) this.gatewayErrors += 1;
    else if (status >= 500 && (status !== 503 || !(Number(headers.get('retry-after')) > 0))) {
      this.faulty.push(`${path}: ${status} ${JSON.stringify(body)}`);
    }
  }
}

/** Sends until the answer is final, or often enough. */
export async function sendStubbornly(sent: Sent, tally: Tally): Promise<Outcome> {
  let isDoubtful = false;
  for (let attempt = 1; ; attempt += 1) {
    const answer = await send(sent);
    tally.note(sent.path, answer);
    const { status, headers } = answer;
    const isFinal = status < 500 && !headers.has('retry-after');
    if (isFinal || attempt === attempts) {
      return { answer, isDoubtful: isDoubtful || status >= 500 };
    }
    isDoubtful ||= status >= 500;
    const asked = headers.get('retry-after');
    await sleep(asked === null ? gatewayPauseMs : Math.min(Number(asked), mostSeconds) * 1000);
  }
}
