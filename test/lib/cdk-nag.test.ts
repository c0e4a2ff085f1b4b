import { type App, Validations } from 'aws-cdk-lib';
import { AwsSolutionsChecks } from 'cdk-nag';
import { describe, expect, it } from 'vitest';
import { Operation } from '../../lib/operation.ts';
import { appOf, sample, stackOf } from './fixtures/synthesise.ts';

function check(app: App) {
  Validations.of(app).addPlugins(new AwsSolutionsChecks(app));
  return () => app.synth();
}

describe('cdk-nag', () => {
  it.each(Object.entries(sample))('finds nothing unanswered in %s', (_, environment) => {
    expect(check(appOf(stackOf(environment)))).not.toThrow();
  });

  it('would find a wildcard that nobody has given a reason for', () => {
    const stack = stackOf(sample.prod);
    const generateKey = stack.node.findChild('generate-key');
    if (generateKey instanceof Operation) generateKey.allow(['s3:GetObject'], ['*']);
    expect(check(appOf(stack))).toThrow(/AwsSolutions-IAM5\[Resource::\*\]/);
  });
});
