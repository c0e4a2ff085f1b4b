import { LambdaClient, ListFunctionsCommand } from '@aws-sdk/client-lambda';
import { expect, it } from 'vitest';
import { runningFunctions } from '../../scripts/restore/running-functions.ts';

/** A client that answers of functions with these reserved concurrencies; undefined: none. */
function clientOf(functions: Readonly<Record<string, number | undefined>>): LambdaClient {
  const client = new LambdaClient({ region: 'eu-central-1' });
  client.middlewareStack.add(
    (_next, context) =>
      async ({ input }) => {
        const name = String(Object(input).FunctionName);
        const output =
          context.commandName === ListFunctionsCommand.name
            ? { Functions: Object.keys(functions).map((FunctionName) => ({ FunctionName })) }
            : { ReservedConcurrentExecutions: functions[name] };
        return { output: { $metadata: {}, ...output }, response: {} };
      },
    { step: 'initialize', priority: 'high' },
  );
  return client;
}

it('names the functions of the environment that are not stopped, but for the stream readers', async () => {
  const client = clientOf({
    'latchkey-prod-Apigeneratekey-1': undefined,
    'latchkey-prod-Apidelete-2': 0,
    'latchkey-prod-Reconciler-3': 5,
    'latchkey-prod-Streamsauditkeychange-4': undefined,
    'latchkey-production-Api-5': undefined,
    'latchkey-dev-Api-6': undefined,
  });
  expect(await runningFunctions(client, 'prod')).toEqual([
    'latchkey-prod-Apigeneratekey-1',
    'latchkey-prod-Reconciler-3',
  ]);
});
