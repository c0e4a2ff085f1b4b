/** `cdk deploy -c latchkeyUrl=<url> -c ownKeySecretArn=<arn>`, in this folder, after `npm run build`. */
import { App, CliCredentialsStackSynthesizer } from 'aws-cdk-lib';
import { LetInStack } from './stack.ts';

const app = new App();
const context = (name: string): string => {
  const value: unknown = app.node.tryGetContext(name);
  if (typeof value !== 'string') throw new Error(`Say -c ${name}=<value>`);
  return value;
};

// oxlint-disable-next-line no-new -- a stack adds itself to its app
new LetInStack(app, 'let-in', {
  latchkeyUrl: context('latchkeyUrl'),
  ownKeySecretArn: context('ownKeySecretArn'),
  synthesizer: new CliCredentialsStackSynthesizer(),
});
