/**
 * `npm run dev`: the same handlers as on AWS in this one process, over the strict fakes of the tests.
 * Ready at once and needs nothing but Node; all state is in memory. `PORT` chooses another port
 * than 4000. For the real deploy with IAM on a local AWS: `npm start`.
 */
import { describe, log } from '../lambdas/shared/adapters/log.ts';
import { secureRandom } from '../lambdas/shared/adapters/randomness.ts';
import { findEnvironment } from '../lib/environments.ts';
import { functionSettings } from '../lib/function-settings.ts';
import packageJson from '../package.json' with { type: 'json' };
import { masterKey, startedService } from '../test/fakes/service.ts';
import { startBackground } from './dev/background.ts';
import { serve } from './dev/serve.ts';
import { devViews } from './dev/views.ts';
import { checkNode, exampleCall, readPort } from './local/command-line.ts';
import { serveLoopback } from './local/loopback.ts';
import type { SentMail } from './watch/happenings.ts';

const write = (text: string) => {
  process.stdout.write(`${text}\n`);
};

await main().catch((error: Error) => {
  process.stderr.write(`\n${error.message}\n`);
  process.exit(1);
});

async function main(): Promise<void> {
  // There is nothing to save, so nothing to wait for.
  for (const name of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.on(name, () => process.exit(0));
  checkNode('npm run dev');
  const port = readPort(process.env.PORT);
  const baseUrl = `http://localhost:${port}`;

  const settings = functionSettings(findEnvironment('local', { baseUrl }), {
    apiUrl: baseUrl,
    configurationSet: null,
  });
  const service = await startedService(settings, {
    now: () => new Date(),
    random: secureRandom,
    onTrouble: (keyId, error) =>
      log('error', 'scheduled work failed', {
        operation: 'background',
        key_id: keyId,
        error: describe(error),
      }),
  });
  await service.provisionAdminSecret();
  const background = startBackground(service, (mail) => write(printed(mail)));
  const view = devViews(service, background);
  const afterwards = () => void background.deliver();
  const listener = serve({ port, view, answer: service.answer, afterwards });
  await serveLoopback(listener, port, 'npm run dev');
  write(welcome(baseUrl));
}

const printed = ({ to, subject, text }: SentMail): string =>
  ['', `Mail to ${to}`, `Subject: ${subject}`, '', ...text.trimEnd().split('\n'), '']
    .map((line) => `  | ${line.replaceAll(/\p{Cc}/gu, '?')}`.trimEnd())
    .join('\n');

function welcome(baseUrl: string): string {
  // Since the process began, imports included.
  const seconds = (performance.now() / 1000).toFixed(1);
  return `
Ready in ${seconds} s. Everything is in memory and gone when this stops; npm start keeps its keys.

Latchkey      ${baseUrl}   (version ${packageJson.version})
Watch it      ${baseUrl}/_dev   keys, mails and audit as they happen
Console       ${baseUrl}/ui   sign in with the master key
Reference     ${baseUrl}/docs
Master key    ${masterKey}

Generate a key:
  ${exampleCall(baseUrl)}

For scripts: /_dev/mails.json, /_dev/audit, and /_dev/secrets with the values of the mirrored secrets.
Log lines of the functions follow, as CloudWatch would get them. Ctrl-C stops at once.
`;
}
