/** Which functions of an environment may write to its tables. */
import {
  GetFunctionConcurrencyCommand,
  type LambdaClient,
  paginateListFunctions,
} from '@aws-sdk/client-lambda';

/** They write to other tables only, and have to read what is written to this one. */
const isStreamReader = (name: string): boolean => name.includes('-Streams');

/**
 * Names of the functions that have not been stopped, that is, whose reserved concurrency is not 0. The
 * stream readers are none of them.
 */
export async function runningFunctions(
  client: LambdaClient,
  environment: string,
): Promise<string[]> {
  const running: string[] = [];
  for await (const { Functions = [] } of paginateListFunctions({ client }, {})) {
    for (const { FunctionName = '' } of Functions) {
      if (!FunctionName.startsWith(`latchkey-${environment}-`) || isStreamReader(FunctionName)) {
        continue;
      }
      const { ReservedConcurrentExecutions } = await client.send(
        new GetFunctionConcurrencyCommand({ FunctionName }),
      );
      if (ReservedConcurrentExecutions !== 0) running.push(FunctionName);
    }
  }
  return running.toSorted();
}
