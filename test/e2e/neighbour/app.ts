/**
 * A second environment for the local AWS, beside the one that `npm start` deploys: the same stack with
 * the settings that the context `neighbour` has as JSON.
 */
// oxlint-disable no-new -- a construct adds itself to its scope
import { join } from 'node:path';
import { App, CliCredentialsStackSynthesizer } from 'aws-cdk-lib';
import * as z from 'zod/mini';
import cdkJson from '../../../cdk.json' with { type: 'json' };
import { checkEnvironment } from '../../../lib/check-environment.ts';
import { findEnvironment } from '../../../lib/environments.ts';
import { KeyServiceStack } from '../../../lib/key-service-stack.ts';
import { checkLocalTarget } from '../../../lib/local-target.ts';

const neighbour = z.object({
  name: z.string(),
  masterKeyValue: z.string(),
  prefix: z.string(),
  previousPrefixes: z.array(z.string()),
  storeAuditLogs: z.boolean(),
});
/** What of the neighbour differs from the local environment. */
export type Neighbour = z.infer<typeof neighbour>;

const app = new App({ context: cdkJson.context });
const text = z.string();
const { name, masterKeyValue, storeAuditLogs, ...prefixes } = neighbour.parse(
  JSON.parse(text.parse(app.node.tryGetContext('neighbour'))),
);
const beside = findEnvironment('local', {
  baseUrl: text.parse(app.node.tryGetContext('baseUrl')),
  secretsEndpoint: text.parse(app.node.tryGetContext('secretsEndpoint')),
});
checkLocalTarget(beside, process.env);
const { secrets, local } = checkEnvironment({
  ...beside,
  secrets: { ...beside.secrets, ...prefixes },
});
new KeyServiceStack(app, `latchkey-${name}`, {
  environment: {
    ...beside,
    name,
    secrets,
    storeAuditLogs,
    // The identity exists once, and is the other's.
    mail: { ...beside.mail, createsIdentity: false },
    local: local && { ...local, masterKeyValue },
  },
  codeRoot: join(import.meta.dirname, '../../../dist'),
  synthesizer: new CliCredentialsStackSynthesizer(),
});
app.synth();
