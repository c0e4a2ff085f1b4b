/** The load generator: so many requests, so many at a time, over connections that are kept. */
import { Agent, request } from 'node:http';
import { text } from 'node:stream/consumers';

export interface Asked {
  readonly path: string;
  readonly body: object;
  readonly authorization?: string;
}

export interface Load {
  readonly port: number;
  readonly count: number;
  readonly atATime: number;
  readonly ask: () => Asked;
  /** Throws unless the answer, a 200, is what it should be. */
  readonly check: (body: string) => void;
}

/** Sends them all; returns the seconds it took. */
export async function send({ port, count, atATime, ask, check }: Load): Promise<number> {
  const agent = new Agent({ keepAlive: true, maxSockets: atATime });
  let left = count;
  const sender = async () => {
    while (left > 0) {
      left -= 1;
      check(await answer(agent, port, ask()));
    }
  };
  const startedAt = performance.now();
  try {
    await Promise.all(Array.from({ length: atATime }, sender));
    return (performance.now() - startedAt) / 1000;
  } finally {
    agent.destroy();
  }
}

const answer = (agent: Agent, port: number, { path, body, authorization }: Asked) =>
  new Promise<string>((resolve, reject) => {
    const payload = JSON.stringify(body);
    const outgoing = request(
      {
        agent,
        port,
        path,
        host: '127.0.0.1',
        method: 'POST',
        headers: {
          'content-type': 'application/json',
          'content-length': Buffer.byteLength(payload),
          ...(authorization === undefined ? {} : { authorization }),
        },
      },
      (incoming) => {
        text(incoming).then((told) => {
          if (incoming.statusCode === 200) resolve(told);
          else reject(new Error(`${path}: ${incoming.statusCode} ${told}`));
        }, reject);
      },
    );
    outgoing.on('error', reject);
    outgoing.end(payload);
  });
