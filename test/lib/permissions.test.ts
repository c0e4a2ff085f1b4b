import { describe, expect, it } from 'vitest';
import type { Environment } from '../../lib/environment.ts';
import { list, permissionsOf, plain, resourcesOf, statementsOf } from './fixtures/resources.ts';
import { sample, templateOf } from './fixtures/synthesise.ts';

const logs = ['logs:CreateLogStream', 'logs:PutLogEvents'];
const stream = [
  'dynamodb:DescribeStream',
  'dynamodb:GetRecords',
  'dynamodb:GetShardIterator',
  'dynamodb:ListStreams',
];
const rowsAndAliases = ['dynamodb:BatchGetItem', 'dynamodb:PutItem', 'dynamodb:UpdateItem'];
const rowsAliasesAndPointers = [
  'dynamodb:BatchGetItem',
  'dynamodb:DeleteItem',
  'dynamodb:PutItem',
  'dynamodb:UpdateItem',
];
const replaceActions = [
  'secretsmanager:CreateSecret',
  'secretsmanager:DeleteSecret',
  'secretsmanager:GetSecretValue',
  'secretsmanager:PutSecretValue',
  'secretsmanager:RestoreSecret',
  'secretsmanager:TagResource',
];
const adminRotateActions = ['secretsmanager:GetSecretValue', 'secretsmanager:PutSecretValue'];
const adminRepairActions = [
  'secretsmanager:DescribeSecret',
  'secretsmanager:PutSecretValue',
  'secretsmanager:RestoreSecret',
  'secretsmanager:UpdateSecretVersionStage',
];
const adminSecretActions = [
  'secretsmanager:CreateSecret',
  'secretsmanager:GetSecretValue',
  'secretsmanager:TagResource',
];
const lists = {
  KeysTable: ['dynamodb:BatchGetItem'],
  'KeysTable/index/byCreated': ['dynamodb:Query'],
  'KeysTable/index/byUser': ['dynamodb:Query'],
  'KeysTable/index/byTeam': ['dynamodb:Query'],
};
const kmsKey = sample.full.secrets.kmsKeyArn;

const full = templateOf(sample.full);

describe('permissions', () => {
  it('grants each role exactly this', () => {
    expect(permissionsOf(full)).toEqual({
      generatekeyRole: {
        generatekeyLogs: logs,
        KeysTable: rowsAliasesAndPointers,
        'KeysTable/index/byUser': ['dynamodb:Query'],
        IdempotencyTable: ['dynamodb:BatchGetItem', 'dynamodb:DeleteItem', 'dynamodb:PutItem'],
        'secretsmanager:secret:litellm/*': [
          'secretsmanager:CreateSecret',
          'secretsmanager:GetSecretValue',
          'secretsmanager:PutSecretValue',
          'secretsmanager:RestoreSecret',
          'secretsmanager:TagResource',
        ],
        [kmsKey]: ['kms:Decrypt', 'kms:GenerateDataKey'],
      },
      updatekeyRole: {
        updatekeyLogs: logs,
        KeysTable: rowsAndAliases,
        IdempotencyTable: ['dynamodb:BatchGetItem', 'dynamodb:DeleteItem', 'dynamodb:PutItem'],
        'secretsmanager:secret:litellm/*': replaceActions,
        [kmsKey]: ['kms:Decrypt', 'kms:GenerateDataKey'],
      },
      regeneratekeyRole: {
        regeneratekeyLogs: logs,
        KeysTable: rowsAliasesAndPointers,
        IdempotencyTable: ['dynamodb:BatchGetItem', 'dynamodb:DeleteItem', 'dynamodb:PutItem'],
        'secretsmanager:secret:litellm/*': replaceActions,
        'secretsmanager:secret:latchkey/prod/master-key': adminRotateActions,
        'secretsmanager:secret:latchkey/prod/master-key-??????': adminRotateActions,
        [kmsKey]: ['kms:Decrypt', 'kms:GenerateDataKey'],
      },
      deletekeyRole: {
        deletekeyLogs: logs,
        KeysTable: rowsAndAliases,
        IdempotencyTable: ['dynamodb:BatchGetItem', 'dynamodb:DeleteItem', 'dynamodb:PutItem'],
        'secretsmanager:secret:litellm/*': ['secretsmanager:DeleteSecret'],
      },
      blockkeyRole: {
        blockkeyLogs: logs,
        KeysTable: ['dynamodb:BatchGetItem', 'dynamodb:PutItem'],
        IdempotencyTable: ['dynamodb:BatchGetItem', 'dynamodb:PutItem'],
      },
      resetspendRole: {
        resetspendLogs: logs,
        KeysTable: ['dynamodb:BatchGetItem', 'dynamodb:PutItem'],
        IdempotencyTable: ['dynamodb:BatchGetItem', 'dynamodb:PutItem'],
      },
      ReconcilersettledueRole: {
        ReconcilersettledueLogs: logs,
        KeysTable: [
          'dynamodb:BatchGetItem',
          'dynamodb:DeleteItem',
          'dynamodb:GetItem',
          'dynamodb:PutItem',
          'dynamodb:UpdateItem',
        ],
        'KeysTable/index/due': ['dynamodb:Query'],
        'KeysTable/index/byCreated': ['dynamodb:Query'],
        AuditTable: ['dynamodb:Query'],
        IdempotencyTable: ['dynamodb:DeleteItem'],
        'secretsmanager:secret:litellm/*': [
          'secretsmanager:DeleteSecret',
          'secretsmanager:DescribeSecret',
          'secretsmanager:PutSecretValue',
          'secretsmanager:RestoreSecret',
          'secretsmanager:TagResource',
          'secretsmanager:UpdateSecretVersionStage',
        ],
        'secretsmanager:secret:latchkey/prod/master-key': adminRepairActions,
        'secretsmanager:secret:latchkey/prod/master-key-??????': adminRepairActions,
        [kmsKey]: ['kms:Decrypt', 'kms:GenerateDataKey'],
      },
      RotationrotateduekeysRole: {
        RotationrotateduekeysLogs: logs,
        KeysTable: rowsAliasesAndPointers,
        'KeysTable/index/due': ['dynamodb:Query'],
        'secretsmanager:secret:litellm/*': ['secretsmanager:PutSecretValue'],
        [kmsKey]: ['kms:Decrypt', 'kms:GenerateDataKey'],
      },
      SecretRotationrotatesecretRole: {
        SecretRotationrotatesecretLogs: logs,
        KeysTable: rowsAliasesAndPointers,
        'secretsmanager:secret:litellm/*': [
          'secretsmanager:DescribeSecret',
          'secretsmanager:GetSecretValue',
          'secretsmanager:PutSecretValue',
          'secretsmanager:UpdateSecretVersionStage',
        ],
        [kmsKey]: ['kms:Decrypt', 'kms:GenerateDataKey'],
      },
      showkeyinfoRole: {
        showkeyinfoLogs: logs,
        KeysTable: ['dynamodb:BatchGetItem'],
        NoticesTable: ['dynamodb:BatchGetItem'],
      },
      verifykeyRole: { verifykeyLogs: logs, KeysTable: ['dynamodb:BatchGetItem'] },
      checkkeyRole: { checkkeyLogs: logs, KeysTable: ['dynamodb:BatchGetItem'] },
      updatekeysRole: {
        updatekeysLogs: logs,
        KeysTable: ['dynamodb:BatchGetItem', 'dynamodb:PutItem'],
        IdempotencyTable: ['dynamodb:BatchGetItem', 'dynamodb:PutItem'],
      },
      showkeysRole: { showkeysLogs: logs, KeysTable: ['dynamodb:BatchGetItem'] },
      listkeysRole: { listkeysLogs: logs, ...lists },
      listaliasesRole: { listaliasesLogs: logs, ...lists },
      listauditrecordsRole: {
        listauditrecordsLogs: logs,
        KeysTable: ['dynamodb:BatchGetItem'],
        AuditTable: ['dynamodb:BatchGetItem', 'dynamodb:Query'],
        'AuditTable/index/byTime': ['dynamodb:Query'],
        'AuditTable/index/byActor': ['dynamodb:Query'],
        'AuditTable/index/byObject': ['dynamodb:Query'],
      },
      showauditrecordRole: {
        showauditrecordLogs: logs,
        KeysTable: ['dynamodb:BatchGetItem'],
        AuditTable: ['dynamodb:BatchGetItem'],
      },
      requestclaimlinkRole: {
        requestclaimlinkLogs: logs,
        KeysTable: ['dynamodb:BatchGetItem', 'dynamodb:PutItem'],
        IdempotencyTable: ['dynamodb:BatchGetItem', 'dynamodb:PutItem'],
      },
      claimkeyRole: {
        claimkeyLogs: logs,
        KeysTable: ['dynamodb:BatchGetItem', 'dynamodb:PutItem'],
        NoticesTable: ['dynamodb:GetItem', 'dynamodb:PutItem'],
        'secretsmanager:secret:litellm/*': ['secretsmanager:GetSecretValue'],
        [kmsKey]: ['kms:Decrypt'],
      },
      showclaimpageRole: { showclaimpageLogs: logs },
      showopenapiRole: { showopenapiLogs: logs },
      showreferenceRole: { showreferenceLogs: logs },
      showconsoleRole: { showconsoleLogs: logs },
      checklivenessRole: { checklivenessLogs: logs },
      refuseunknownrouteRole: { refuseunknownrouteLogs: logs },
      StreamsauditkeychangeRole: {
        StreamsauditkeychangeLogs: logs,
        'KeysTable.StreamArn': stream,
        AuditTable: ['dynamodb:PutItem'],
        StreamsFailures: ['s3:ListBucket'],
        'StreamsFailures/*': ['s3:PutObject'],
      },
      StreamsemailkeychangeRole: {
        StreamsemailkeychangeLogs: logs,
        'KeysTable.StreamArn': stream,
        KeysTable: ['dynamodb:GetItem'],
        NoticesTable: ['dynamodb:GetItem', 'dynamodb:PutItem', 'dynamodb:UpdateItem'],
        'NoticesTable/index/parked': ['dynamodb:Query'],
        'ses:identity/acme.io': ['ses:SendEmail'],
        'ses:configuration-set/MailConfigurationSet': ['ses:SendEmail'],
        StreamsFailures: ['s3:ListBucket'],
        'StreamsFailures/*': ['s3:PutObject'],
      },
      showmailsettingsRole: {
        showmailsettingsLogs: logs,
        KeysTable: ['dynamodb:BatchGetItem'],
        NoticesTable: ['dynamodb:BatchGetItem'],
      },
      changemailsettingsRole: {
        changemailsettingsLogs: logs,
        KeysTable: ['dynamodb:BatchGetItem'],
        IdempotencyTable: ['dynamodb:BatchGetItem', 'dynamodb:PutItem'],
        NoticesTable: ['dynamodb:BatchGetItem', 'dynamodb:PutItem'],
      },
      DeliveriesrecorddeliveryRole: {
        DeliveriesrecorddeliveryLogs: logs,
        KeysTable: ['dynamodb:BatchGetItem', 'dynamodb:PutItem'],
        NoticesTable: [
          'dynamodb:BatchGetItem',
          'dynamodb:GetItem',
          'dynamodb:PutItem',
          'dynamodb:UpdateItem',
        ],
        DeliveriesQueue: ['sqs:DeleteMessage', 'sqs:GetQueueAttributes', 'sqs:ReceiveMessage'],
      },
      AdminKeyprovisionadminkeyRole: {
        AdminKeyprovisionadminkeyLogs: logs,
        KeysTable: ['dynamodb:BatchGetItem', 'dynamodb:PutItem'],
        'secretsmanager:secret:latchkey/prod/master-key': adminSecretActions,
        'secretsmanager:secret:latchkey/prod/master-key-??????': adminSecretActions,
        [kmsKey]: ['kms:Decrypt', 'kms:GenerateDataKey'],
      },
      AdminKeyProviderRole: {
        AdminKeyProviderLogs: logs,
        AdminKeyprovisionadminkeyFunction: ['lambda:GetFunction', 'lambda:InvokeFunction'],
        'AdminKeyprovisionadminkeyFunction:*': ['lambda:InvokeFunction'],
      },
      MirroredSecretsReader: {
        'secretsmanager:secret:litellm/*': [
          'secretsmanager:DescribeSecret',
          'secretsmanager:GetSecretValue',
        ],
        [kmsKey]: ['kms:Decrypt'],
      },
    });
  });

  it('keeps the audit trail and the keys in different hands', () => {
    const permissions = Object.entries(permissionsOf(full));
    const mayWrite = (table: string) =>
      permissions.filter(([, row]) =>
        row[table]?.some((action) => /Put|Update|Delete|Write/.test(action)),
      );
    expect(mayWrite('AuditTable').map(([role]) => role)).toEqual(['StreamsauditkeychangeRole']);
    expect(mayWrite('KeysTable').map(([role]) => role)).not.toContain('StreamsauditkeychangeRole');
  });

  it('lets values of keys be read by those who tell or move one, and by nobody else', () => {
    const readers = Object.entries(permissionsOf(full))
      .filter(([, row]) => Object.values(row).flat().includes('secretsmanager:GetSecretValue'))
      .map(([role]) => role);
    expect(readers.sort()).toEqual([
      'AdminKeyprovisionadminkeyRole',
      'MirroredSecretsReader',
      'SecretRotationrotatesecretRole',
      'claimkeyRole',
      'generatekeyRole',
      'regeneratekeyRole',
      'updatekeyRole',
    ]);
  });

  it('lets Secrets Manager invoke the rotation function, for secrets of this account alone', () => {
    const letIn = Object.values(resourcesOf(full, 'AWS::Lambda::Permission')).filter(
      ({ Properties }) => Properties['Principal'] === 'secretsmanager.amazonaws.com',
    );
    expect(letIn.map(({ Properties }) => Properties)).toEqual([
      {
        Action: 'lambda:InvokeFunction',
        FunctionName: expect.anything(),
        Principal: 'secretsmanager.amazonaws.com',
        SourceAccount: { Ref: 'AWS::AccountId' },
      },
    ]);
    expect(plain(letIn[0]?.Properties['FunctionName'])).toBe('SecretRotationrotatesecretFunction');
  });

  it('attaches no managed policy: those allow whole services of the account', () => {
    for (const role of Object.values(resourcesOf(full, 'AWS::IAM::Role'))) {
      expect(role.Properties).not.toHaveProperty('ManagedPolicyArns');
    }
  });

  it('reaches secrets under the prefix and the admin key, and no others', () => {
    for (const environment of Object.values(sample)) {
      const reached = statementsOf(templateOf(environment))
        .filter(({ Action }) => list(Action).some((action) => action.startsWith('secretsmanager:')))
        .flatMap(({ Resource }) => list(Resource).map(plain));
      const admin = `secretsmanager:secret:latchkey/${environment.name}/master-key`;
      const mirrored = `secretsmanager:secret:${environment.secrets.prefix}*`;
      expect(new Set(reached)).toEqual(new Set([mirrored, admin, `${admin}-??????`]));
    }
  });

  it('goes on reaching secrets under a prefix of before, by whoever reaches those under the present one, and makes none there', () => {
    const moved = {
      ...sample.full,
      secrets: { ...sample.full.secrets, prefix: 'keys/', previousPrefixes: ['litellm/'] },
    };
    const now = permissionsOf(templateOf(moved));
    for (const row of Object.values(now)) {
      expect(row['secretsmanager:secret:litellm/*']).toEqual(
        row['secretsmanager:secret:keys/*']?.filter(
          (action) => action !== 'secretsmanager:CreateSecret',
        ),
      );
    }
    const reaching = Object.values(now).filter((row) => 'secretsmanager:secret:keys/*' in row);
    expect(reaching).toHaveLength(9);
  });

  it('uses the customer key only through Secrets Manager', () => {
    const uses = statementsOf(full).filter(({ Resource }) => list(Resource).includes(kmsKey));
    expect(uses.map(({ role }) => role).sort()).toEqual([
      'AdminKeyprovisionadminkeyRole',
      'MirroredSecretsReader',
      'ReconcilersettledueRole',
      'RotationrotateduekeysRole',
      'SecretRotationrotatesecretRole',
      'claimkeyRole',
      'generatekeyRole',
      'regeneratekeyRole',
      'updatekeyRole',
    ]);
    for (const { Condition } of uses) {
      expect(Condition).toEqual({
        StringEquals: {
          'kms:ViaService': {
            'Fn::Join': ['', ['secretsmanager.', { Ref: 'AWS::Region' }, '.amazonaws.com']],
          },
        },
      });
    }
  });

  it('lets secret readers read what carries the tag of the environment', () => {
    const role = resourcesOf(full, 'AWS::IAM::Role')['MirroredSecretsReader'];
    const trusted = JSON.stringify(role?.Properties['AssumeRolePolicyDocument']);
    expect(trusted).toContain('"arn:aws:iam::333344445555:role/gateway"');
    expect(trusted).toContain(':iam::222233334444:root"');
    const [read] = statementsOf(full).filter(
      (statement) =>
        statement.role === 'MirroredSecretsReader' &&
        list(statement.Action).includes('secretsmanager:DescribeSecret'),
    );
    expect(read?.Condition).toEqual({ StringEquals: { 'aws:ResourceTag/latchkey:env': 'prod' } });
  });

  it('has no reader role where there are no readers', () => {
    expect(permissionsOf(templateOf(sample.prod))).not.toHaveProperty('MirroredSecretsReader');
  });

  it('gives no right to secrets where keys are not mirrored', () => {
    const unmirrored = {
      ...sample.dev,
      secrets: { ...sample.dev.secrets, storeVirtualKeys: false },
    };
    const left = Object.keys(permissionsOf(templateOf(unmirrored))['generatekeyRole'] ?? {});
    expect(left.sort()).toEqual([
      'IdempotencyTable',
      'KeysTable',
      'KeysTable/index/byUser',
      'generatekeyLogs',
    ]);
  });

  it('gives the claim of a link no right to secrets where there are no links', () => {
    const { dev, full: standard } = sample;
    const withoutLinks: Environment[] = [
      dev,
      { ...standard, mail: { ...standard.mail, claimLinkHours: 0 } },
      { ...standard, secrets: { ...standard.secrets, storeVirtualKeys: false } },
    ];
    for (const environment of withoutLinks) {
      const rights = Object.keys(permissionsOf(templateOf(environment))['claimkeyRole'] ?? {});
      expect(rights.sort()).toEqual(['KeysTable', 'NoticesTable', 'claimkeyLogs']);
    }
  });

  it('lets the claim of a link reach claim links alone of what the table of notices has', () => {
    const [reached] = statementsOf(full).filter(
      ({ role, Resource }) =>
        role === 'claimkeyRole' && list(Resource).map(plain).includes('NoticesTable'),
    );
    expect(reached?.Condition).toEqual({
      'ForAllValues:StringLike': { 'dynamodb:LeadingKeys': 'CLAIM#*' },
    });
  });

  it('gives no right to send mail, and makes no identity, where alerting is off', () => {
    const quiet = templateOf(sample.prod);
    const actions = statementsOf(quiet).flatMap(({ Action }) => list(Action));
    expect(actions.filter((action) => action.startsWith('ses:'))).toEqual([]);
    quiet.resourceCountIs('AWS::SES::EmailIdentity', 0);
    quiet.resourceCountIs('AWS::SES::ConfigurationSet', 0);
    quiet.resourceCountIs('AWS::SES::ConfigurationSetEventDestination', 0);
    quiet.resourceCountIs('AWS::SQS::Queue', 0);
  });
});
