/** Functions that are kept warm, and functions that record traces. */
import { describe, expect, it } from 'vitest';
import type { Environment } from '../../lib/environment.ts';
import { list, permissionsOf, plain, resourcesOf, statementsOf } from './fixtures/resources.ts';
import { sample, templateOf } from './fixtures/synthesise.ts';

const { tuned, prod } = sample;
const template = templateOf(tuned);

describe('an operation that is kept warm', () => {
  const aliases = resourcesOf(template, 'AWS::Lambda::Alias');

  it('has an alias of its present version, with as many containers as the environment says', () => {
    const kept = Object.values(aliases).map(({ Properties }) => ({
      of: plain(Properties['FunctionName']),
      version: plain(Properties['FunctionVersion']),
      name: Properties['Name'],
      ...Object(Properties['ProvisionedConcurrencyConfig']),
    }));
    const expected = (name: string, ProvisionedConcurrentExecutions: number) => ({
      of: `${name}Function`,
      version: expect.stringMatching(`^${name}FunctionCurrentVersion.*Version$`),
      name: 'live',
      ProvisionedConcurrentExecutions,
    });
    expect(kept).toEqual([expected('generatekey', 1), expected('verifykey', 2)]);
  });

  it('is called by the API through the alias, which lets that in and nothing else', () => {
    const targets = Object.values(resourcesOf(template, 'AWS::ApiGatewayV2::Integration')).map(
      ({ Properties }) => plain(Properties['IntegrationUri']),
    );
    expect(targets).toContain('verifykeyFunctionLive');
    expect(targets).not.toContain('verifykeyFunction');
    expect(targets).toContain('showkeyinfoFunction');
    const letIn = Object.values(resourcesOf(template, 'AWS::Lambda::Permission'))
      .map(({ Properties }) => [
        plain(Properties['FunctionName']),
        plain(Properties['SourceArn']).replace(/^.*ApiHttp/, ''),
      ])
      .filter(([name = '']) => /^(verifykey|generatekey)/.test(name));
    expect(letIn).toEqual([
      ['generatekeyFunctionLive', '/*/*/key/generate'],
      ['generatekeyFunctionLive', '/*/*/key/service-account/generate'],
      ['verifykeyFunctionLive', '/*/*/key/verify'],
    ]);
  });

  it('keeps its rights and its alarms: those are of the function, whatever the version', () => {
    const { verifykeyRole } = permissionsOf(template);
    expect(verifykeyRole?.['KeysTable']).toEqual(['dynamodb:BatchGetItem']);
    const alarm = resourcesOf(template, 'AWS::CloudWatch::Alarm')['verifykeyErrorsAlarm'];
    expect(alarm?.Properties['Dimensions']).toEqual([
      { Name: 'FunctionName', Value: { Ref: expect.stringMatching(/^verifykeyFunction/) } },
    ]);
  });

  it('is none unless it is asked for', () => {
    templateOf(prod).resourceCountIs('AWS::Lambda::Alias', 0);
    templateOf(prod).resourceCountIs('AWS::Lambda::Version', 0);
  });
});

describe('traces', () => {
  const modesOf = (environment: Environment) =>
    Object.entries(resourcesOf(templateOf(environment), 'AWS::Lambda::Function'))
      .filter(([id]) => !id.includes('Providerframework'))
      .map(([, { Properties }]) => Properties['TracingConfig']);
  const rightsOf = (environment: Environment) =>
    statementsOf(templateOf(environment)).filter(({ Action }) =>
      JSON.stringify(Action).includes('xray'),
    );

  it('are recorded by every function, which may write them and read none', () => {
    const modes = modesOf(tuned);
    expect(modes).toEqual(modes.map(() => ({ Mode: 'Active' })));
    const rights = rightsOf(tuned);
    expect(rights).toHaveLength(modes.length);
    for (const { Action, Resource } of rights) {
      expect(list(Action).sort()).toEqual(['xray:PutTelemetryRecords', 'xray:PutTraceSegments']);
      expect(Resource).toBe('*');
    }
  });

  it('are off, and no right to write them is given, unless they are asked for', () => {
    expect(modesOf(prod).filter((mode) => mode !== undefined)).toEqual([]);
    expect(rightsOf(prod)).toEqual([]);
  });
});
