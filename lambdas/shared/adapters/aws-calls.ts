/** How many requests the clients of this container have sent to AWS. */
let sent = 0;

/** All of them so far, retries included: a container works on one invocation at a time. */
export const awsCalls = (): number => sent;

interface Counted {
  readonly middlewareStack: {
    add(middleware: typeof counting, options: { readonly step: 'finalizeRequest' }): void;
  };
}

/** The client, each of whose requests is counted as it is sent. */
export function counted<Client extends Counted>(client: Client): Client {
  // Without a priority it comes after the SDK's retries, once for each try.
  client.middlewareStack.add(counting, { step: 'finalizeRequest' });
  return client;
}

const counting =
  <Request, Answer>(next: (request: Request) => Answer) =>
  (request: Request): Answer => {
    sent += 1;
    return next(request);
  };
