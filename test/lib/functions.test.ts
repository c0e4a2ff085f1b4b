import { describe, expect, it } from 'vitest';
import { configNames } from '../../lambdas/shared/config.ts';
import { plain, resourcesOf } from './fixtures/resources.ts';
import { sample, templateOf } from './fixtures/synthesise.ts';

const ours = (environment: (typeof sample)[keyof typeof sample]) =>
  Object.entries(resourcesOf(templateOf(environment), 'AWS::Lambda::Function')).filter(
    ([id]) => !id.includes('Providerframework'),
  );

function variablesOf(properties: Readonly<Record<string, unknown>>): Record<string, string> {
  const environment = properties['Environment'];
  if (typeof environment !== 'object' || environment === null) return {};
  const variables = 'Variables' in environment ? environment.Variables : {};
  return Object.fromEntries(
    Object.entries(variables ?? {}).map(([name, value]) => [name, plain(value)]),
  );
}

describe('functions', () => {
  it('run on Node 24 on arm64, log JSON to a group of their own, and end in time', () => {
    for (const [id, { Properties }] of ours(sample.prod)) {
      expect(Properties, id).toMatchObject({
        Runtime: 'nodejs24.x',
        Architectures: ['arm64'],
        Handler: 'index.handler',
        MemorySize: 512,
        LoggingConfig: { LogFormat: 'JSON', SystemLogLevel: 'WARN' },
      });
      expect(Properties['Timeout'], id).toBeLessThanOrEqual(60);
    }
  });

  it('that write secrets end when the fence says they do', () => {
    const writers =
      /^(generatekey|updatekeyF|deletekey|regeneratekey|AdminKey|Reconciler|Rotation|SecretRotation)/;
    for (const environment of [sample.prod, sample.local]) {
      expect(ours(environment).filter(([id]) => writers.test(id))).toHaveLength(8);
      for (const [id, { Properties }] of ours(environment)) {
        if (!writers.test(id)) continue;
        expect(Properties['Timeout'], id).toBe(environment.timing.functionTimeoutSeconds);
      }
    }
  });

  it('know exactly these variables', () => {
    const names = Object.fromEntries(
      ours(sample.prod).map(([id, { Properties }]) => [id, Object.keys(variablesOf(Properties))]),
    );
    expect(names).toEqual({
      generatekeyFunction: ['SETTINGS', 'KEYS_TABLE', 'IDEMPOTENCY_TABLE'],
      updatekeyFunction: ['SETTINGS', 'KEYS_TABLE', 'IDEMPOTENCY_TABLE'],
      deletekeyFunction: ['SETTINGS', 'KEYS_TABLE', 'IDEMPOTENCY_TABLE'],
      blockkeyFunction: ['SETTINGS', 'KEYS_TABLE', 'IDEMPOTENCY_TABLE'],
      regeneratekeyFunction: ['SETTINGS', 'KEYS_TABLE', 'IDEMPOTENCY_TABLE'],
      resetspendFunction: ['SETTINGS', 'KEYS_TABLE', 'IDEMPOTENCY_TABLE'],
      ReconcilersettledueFunction: ['SETTINGS', 'KEYS_TABLE', 'AUDIT_TABLE', 'IDEMPOTENCY_TABLE'],
      RotationrotateduekeysFunction: ['SETTINGS', 'KEYS_TABLE'],
      SecretRotationrotatesecretFunction: ['SETTINGS', 'KEYS_TABLE'],
      showkeyinfoFunction: ['SETTINGS', 'KEYS_TABLE', 'NOTICES_TABLE'],
      verifykeyFunction: ['SETTINGS', 'KEYS_TABLE'],
      checkkeyFunction: ['SETTINGS', 'KEYS_TABLE'],
      updatekeysFunction: ['SETTINGS', 'KEYS_TABLE', 'IDEMPOTENCY_TABLE'],
      showkeysFunction: ['SETTINGS', 'KEYS_TABLE'],
      listkeysFunction: ['SETTINGS', 'KEYS_TABLE'],
      listaliasesFunction: ['SETTINGS', 'KEYS_TABLE'],
      listauditrecordsFunction: ['SETTINGS', 'AUDIT_TABLE', 'KEYS_TABLE'],
      showauditrecordFunction: ['SETTINGS', 'AUDIT_TABLE', 'KEYS_TABLE'],
      requestclaimlinkFunction: ['SETTINGS', 'KEYS_TABLE', 'IDEMPOTENCY_TABLE'],
      claimkeyFunction: ['SETTINGS', 'KEYS_TABLE', 'NOTICES_TABLE'],
      showclaimpageFunction: ['SETTINGS'],
      showmailsettingsFunction: ['SETTINGS', 'NOTICES_TABLE', 'KEYS_TABLE'],
      changemailsettingsFunction: ['SETTINGS', 'NOTICES_TABLE', 'IDEMPOTENCY_TABLE', 'KEYS_TABLE'],
      showopenapiFunction: ['SETTINGS'],
      showreferenceFunction: ['SETTINGS'],
      showconsoleFunction: ['SETTINGS'],
      checklivenessFunction: ['SETTINGS'],
      refuseunknownrouteFunction: ['SETTINGS'],
      StreamsauditkeychangeFunction: ['SETTINGS', 'AUDIT_TABLE'],
      StreamsemailkeychangeFunction: ['SETTINGS', 'NOTICES_TABLE', 'KEYS_TABLE'],
      AdminKeyprovisionadminkeyFunction: ['SETTINGS', 'KEYS_TABLE', 'MASTER_KEY_SECRET'],
    });
    const known: readonly string[] = configNames;
    expect(known).toEqual(expect.arrayContaining(Object.values(names).flat()));
  });

  it('stay well below the 4 kB that Lambda allows for variables', () => {
    for (const environment of Object.values(sample)) {
      for (const [id, { Properties }] of ours(environment)) {
        const bytes = Buffer.byteLength(JSON.stringify(variablesOf(Properties)));
        expect(bytes, `${environment.name} ${id}`).toBeLessThan(2048);
      }
    }
  });

  it('read their settings as the environment has them', () => {
    const [[, first] = ['', undefined]] = ours(sample.full);
    const settings: unknown = JSON.parse(variablesOf(first?.Properties ?? {})['SETTINGS'] ?? '');
    expect(settings).toMatchObject({
      environment: 'prod',
      baseUrl: 'https://keys.acme.io',
      secretPrefix: 'litellm/',
      secretKmsKeyId: sample.full.secrets.kmsKeyArn,
      mail: {
        alerting: true,
        from: 'keys@acme.io',
        configurationSet: 'MailConfigurationSet',
        domains: ['acme.io'],
        subjectPrefix: 'Latchkey',
        logoUrl: null,
        supportContact: null,
        signature: null,
        backupContact: 'team@acme.io',
      },
      gracePeriod: { standard: '0s', limit: '7d' },
      timing: sample.prod.timing,
    });
  });

  it("show the API's own URL where there is no custom domain", () => {
    const [[, first] = ['', undefined]] = ours(sample.prod);
    expect(variablesOf(first?.Properties ?? {})['SETTINGS']).toContain(
      '"baseUrl":"ApiHttp.ApiEndpoint"',
    );
  });

  it('each have an alarm on errors that says who suffers and what to read', () => {
    const alarms = resourcesOf(templateOf(sample.prod), 'AWS::CloudWatch::Alarm');
    for (const [id] of ours(sample.prod)) {
      const alarm = alarms[id.replace(/Function$/, 'ErrorsAlarm')];
      expect(alarm?.Properties['AlarmDescription'], id).toMatch(
        /^[A-Z].+\. Runbook: docs\/runbook\.md#[a-z-]+$/,
      );
      expect(JSON.stringify(alarm?.Properties['AlarmActions']), id).toContain('AlarmsTopic');
    }
  });
});
