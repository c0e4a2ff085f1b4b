/** Which functions of an environment may write to its tables. */
import {
  GetFunctionConcurrencyCommand,
  type LambdaClient,
  ListTagsCommand,
  paginateListFunctions,
} from '@aws-sdk/client-lambda';
import { eachInFlight } from '../operator/each-in-flight.ts';
import { Unusable } from '../operator/unusable.ts';

const mostInFlight = 4;

/**
 * Names of the functions that have not been stopped, that is, whose reserved concurrency is not 0. They are
 * known by their tags, for their names may be cut, or begin with another environment's. The stream readers
 * are none of them: they write to other tables only, and have to read what is written to this one. Throws
 * `Unusable` where the environment has no function at all: then they are somewhere else.
 */
export async function runningFunctions(
  client: LambdaClient,
  environment: string,
): Promise<string[]> {
  let found = 0;
  const running: string[] = [];
  await eachInFlight(functions(), mostInFlight, async ({ name, arn }) => {
    const { Tags = {} } = await client.send(new ListTagsCommand({ Resource: arn }));
    if (Tags['latchkey:env'] !== environment) return;
    found += 1;
    if (isStreamReader(name, Tags)) return;
    const { ReservedConcurrentExecutions } = await client.send(
      new GetFunctionConcurrencyCommand({ FunctionName: name }),
    );
    if (ReservedConcurrentExecutions !== 0) running.push(name);
  });
  if (found === 0) {
    throw new Unusable(
      `No function of this account and region has the tag latchkey:env with ${environment}: whether all is stopped is not known`,
    );
  }
  return running.toSorted();

  async function* functions() {
    for await (const { Functions = [] } of paginateListFunctions({ client }, {})) {
      for (const { FunctionName: name = '', FunctionArn: arn = '' } of Functions) {
        yield { name, arn };
      }
    }
  }
}

/** By the name that the template has for it, which the name of a function may lack. */
const isStreamReader = (name: string, tags: Readonly<Record<string, string>>): boolean =>
  tags['aws:cloudformation:logical-id']?.startsWith('Streams') ?? name.includes('-Streams');
