/** The whole service in one process: the real handlers over fakes, reached as API Gateway reaches them. */
import type { APIGatewayProxyStructuredResultV2 } from 'aws-lambda';
import { auditKeyChange } from '../../lambdas/audit-key-change/handler.ts';
import { blockKey, route as blockRoute } from '../../lambdas/block-key/handler.ts';
import {
  changeMailSettings,
  route as changeMailSettingsRoute,
} from '../../lambdas/change-mail-settings/handler.ts';
import { checkKey, route as checkKeyRoute } from '../../lambdas/check-key/handler.ts';
import { handler as checkLiveness } from '../../lambdas/check-liveness/handler.ts';
import { claimKey } from '../../lambdas/claim-key/handler.ts';
import { deleteKey, route as deleteRoute } from '../../lambdas/delete-key/handler.ts';
import { emailKeyChange } from '../../lambdas/email-key-change/handler.ts';
import { generateKey, route as generateRoute } from '../../lambdas/generate-key/handler.ts';
import { listAliases, route as listAliasesRoute } from '../../lambdas/list-aliases/handler.ts';
import {
  listAuditRecords,
  route as listAuditRoute,
} from '../../lambdas/list-audit-records/handler.ts';
import { listKeys, route as listKeysRoute } from '../../lambdas/list-keys/handler.ts';
import { handler as refuseUnknownRoute } from '../../lambdas/refuse-unknown-route/handler.ts';
import { regenerateKey, route as regenerateRoute } from '../../lambdas/regenerate-key/handler.ts';
import {
  requestClaimLink,
  route as requestClaimLinkRoute,
} from '../../lambdas/request-claim-link/handler.ts';
import { resetSpend, route as resetSpendRoute } from '../../lambdas/reset-spend/handler.ts';
import { rowItem } from '../../lambdas/shared/adapters/table/items.ts';
import { rowKey } from '../../lambdas/shared/adapters/table/keys.ts';
import { adminRow } from '../../lambdas/shared/domain/admin-key.ts';
import { masterKeyId } from '../../lambdas/shared/domain/key-format.ts';
import type {
  AuditReads,
  DueRows,
  IssuedLinks,
  KeyLists,
  KeyTable,
  Randomness,
  SecretRepairs,
  SecretStaging,
  Secrets,
} from '../../lambdas/shared/domain/ports.ts';
import type { Settings } from '../../lambdas/shared/domain/settings.ts';
import { api } from '../../lambdas/shared/http/api.ts';
import { fallbackOperation, routes } from '../../lambdas/shared/http/routes.ts';
import { type RotationRun, rotateDue } from '../../lambdas/shared/protocol/rotate-due.ts';
import { rotateSecret, rotationSteps } from '../../lambdas/shared/protocol/rotate-secret.ts';
import { type RepairRun, settleDue } from '../../lambdas/shared/protocol/settle-due.ts';
import {
  showAuditRecord,
  route as showAuditRoute,
} from '../../lambdas/show-audit-record/handler.ts';
import { handler as showClaimPage } from '../../lambdas/show-claim-page/handler.ts';
import { showConsole } from '../../lambdas/show-console/handler.ts';
import { route as infoRoute, showKeyInfo } from '../../lambdas/show-key-info/handler.ts';
import { showKeys, route as showKeysRoute } from '../../lambdas/show-keys/handler.ts';
import {
  showMailSettings,
  route as showMailSettingsRoute,
} from '../../lambdas/show-mail-settings/handler.ts';
import { showOpenApi } from '../../lambdas/show-openapi/handler.ts';
import { showReference } from '../../lambdas/show-reference/handler.ts';
import { updateKey, route as updateRoute } from '../../lambdas/update-key/handler.ts';
import { updateKeys, route as updateKeysRoute } from '../../lambdas/update-keys/handler.ts';
import { verifyKey } from '../../lambdas/verify-key/handler.ts';
import { compressed } from '../../scripts/assets.ts';
import { settingsWith } from '../fixtures/settings.ts';
import { FakeClock } from './clock.ts';
import { answered } from './documented.ts';
import { type GatewayRequest, gatewayEvent, lambdaContext } from './gateway-event.ts';
import { memoryAuditReads } from './memory-audit-reads.ts';
import { MemoryAuditTrail } from './memory-audit-trail.ts';
import { memoryClaimLinks } from './memory-claim-links.ts';
import { MemoryDueRows } from './memory-due-rows.ts';
import { memoryKeyLists } from './memory-key-lists.ts';
import { MemoryKeyTable } from './memory-key-table.ts';
import { MemoryMailer } from './memory-mailer.ts';
import { MemoryNotices } from './memory-notices.ts';
import { MemorySecrets } from './memory-secrets.ts';
import { memoryTrailLinks } from './memory-trail-links.ts';
import { FakeSecretsManager, type RotationEvent } from './secrets-manager.ts';
import { seededRandom } from './seeded-random.ts';

export const masterKey = 'sk-1234';
export const masterSecret = 'latchkey/test/master-key';

export interface Sent {
  readonly method?: string;
  readonly path: string;
  readonly headers?: Readonly<Record<string, string>>;
  /** An object is sent as JSON, a text as it is. */
  readonly body?: unknown;
  /** What API Gateway calls it. */
  readonly requestId?: string;
}

export interface Received {
  readonly status: number;
  readonly headers: Readonly<Record<string, unknown>>;
  // oxlint-disable-next-line typescript/no-explicit-any -- tests look into whatever was answered
  readonly body: any;
}

export type AllSecrets = Secrets & SecretRepairs & SecretStaging;

/** What a process reaches outside itself. */
export interface ProcessStores {
  readonly table: KeyTable;
  readonly secrets: AllSecrets;
  readonly due: DueRows;
  readonly lists: KeyLists;
  readonly audit: AuditReads;
  readonly links: IssuedLinks;
  /** Its clock, where that goes wrong. */
  readonly now?: () => Date;
}

/** What a test fixes and a process that people use does not. */
export interface Surroundings {
  /** Default: the service's own `clock`, which stands still. */
  readonly now?: () => Date;
  /** Default: the same values every time. */
  readonly random?: Randomness;
  /** What Lambda says is left of a call's time. Default: 20 s. */
  readonly timeLeftMs?: number;
  /** Told about a row that a scheduled function could not work on: what is wrong, or the error. */
  readonly onTrouble?: (
    keyId: string,
    trouble: unknown,
    more?: { readonly error?: unknown },
  ) => void;
}

export function inProcessService(changes: Partial<Settings> = {}, surroundings: Surroundings = {}) {
  const settings = settingsWith(changes);
  const clock = new FakeClock();
  const {
    now = clock.now,
    random = seededRandom('service'),
    timeLeftMs = lambdaContext.getRemainingTimeInMillis(),
    onTrouble = () => undefined,
  } = surroundings;
  const table = new MemoryKeyTable(now);
  const secrets = new MemorySecrets(new FakeSecretsManager(now));
  const trail = new MemoryAuditTrail();
  const notices = new MemoryNotices(table.notices);
  const mailer = new MemoryMailer(clock.now);
  const due = new MemoryDueRows(table);
  const lists = memoryKeyLists(table);
  const trailLinks = memoryTrailLinks(trail);
  const audit = memoryAuditReads(trail);
  const claimLinks = memoryClaimLinks(table, settings);
  const stores = { table, secrets, random, now, settings };
  const processStores: ProcessStores = { table, secrets, due, lists, audit, links: claimLinks };

  /** The functions as one process, which may see the stores through faults. */
  const handlersOver = (seen: ProcessStores) => {
    const own = { ...stores, ...seen };
    return {
      'generate-key': api(generateRoute, () => ({ ...own, operation: generateKey(own) })),
      'update-key': api(updateRoute, () => ({ ...own, operation: updateKey(own) })),
      'delete-key': api(deleteRoute, () => ({ ...own, operation: deleteKey(own) })),
      'block-key': api(blockRoute, () => ({ ...own, operation: blockKey(own) })),
      'regenerate-key': api(regenerateRoute, () => ({ ...own, operation: regenerateKey(own) })),
      'reset-spend': api(resetSpendRoute, () => ({ ...own, operation: resetSpend(own) })),
      'show-key-info': api(infoRoute, () => ({ ...own, operation: showKeyInfo(own) })),
      'list-keys': api(listKeysRoute, () => ({ ...own, operation: listKeys(own) })),
      'list-aliases': api(listAliasesRoute, () => ({ ...own, operation: listAliases(own) })),
      'show-keys': api(showKeysRoute, () => ({ ...own, operation: showKeys(own) })),
      'list-audit-records': api(listAuditRoute, () => ({
        ...own,
        operation: listAuditRecords(own),
      })),
      'show-audit-record': api(showAuditRoute, () => ({
        ...own,
        operation: showAuditRecord(own.audit),
      })),
      'update-keys': api(updateKeysRoute, () => ({ ...own, operation: updateKeys(own) })),
      'verify-key': verifyKey(() => own),
      'check-key': api(checkKeyRoute, () => ({ ...own, operation: checkKey })),
      'request-claim-link': api(requestClaimLinkRoute, () => ({
        ...own,
        operation: requestClaimLink(own),
      })),
      'claim-key': claimKey(() => own),
      'show-claim-page': showClaimPage,
      'show-mail-settings': api(showMailSettingsRoute, () => ({
        ...own,
        operation: showMailSettings,
      })),
      'change-mail-settings': api(changeMailSettingsRoute, () => ({
        ...own,
        operation: changeMailSettings(own),
      })),
      'show-openapi': showOpenApi((name) => compressed('show-openapi', name)),
      'show-reference': showReference((name) => compressed('show-reference', name)),
      'show-console': showConsole((name) => compressed('show-console', name)),
      'check-liveness': checkLiveness,
      'refuse-unknown-route': refuseUnknownRoute,
    };
  };

  const handlers = handlersOver(processStores);

  /** Passes a request to the function of its route, as API Gateway does. */
  async function answer(
    request: GatewayRequest,
    over = handlers,
  ): Promise<APIGatewayProxyStructuredResultV2> {
    const event = gatewayEvent(request);
    const operation =
      routes.find(({ method, path }) => `${method} ${path}` === event.routeKey)?.operation ??
      fallbackOperation;
    const given = await over[operation](event, {
      ...lambdaContext,
      awsRequestId: request.requestId,
      getRemainingTimeInMillis: () => timeLeftMs,
    });
    answered.note(event.routeKey, given.statusCode ?? 0);
    return given;
  }

  const send = (sent: Sent): Promise<Received> => sendTo(handlers, sent);

  async function sendTo(
    over: ReturnType<typeof handlersOver>,
    { method = 'POST', path, headers = {}, body, requestId = 'request-1' }: Sent,
  ): Promise<Received> {
    const type = body === undefined ? {} : { 'content-type': 'application/json' };
    const text = typeof body === 'string' ? body : (JSON.stringify(body) ?? '');
    const given = await answer(
      {
        method,
        target: path,
        headers: Object.entries({ ...type, ...headers }),
        body: Buffer.from(text),
        sourceIp: '192.0.2.1',
        requestId,
        at: now(),
      },
      over,
    );
    return {
      status: given.statusCode ?? 0,
      headers: given.headers ?? {},
      body: bodyOf(given),
    };
  }

  /** A process of its own, which answers what it is sent. */
  const startProcess = (seen: ProcessStores) => {
    const over = handlersOver(seen);
    return (sent: Sent): Promise<Received> => sendTo(over, sent);
  };

  /** Sends to a process of its own. */
  const sendThrough = (seen: ProcessStores, sent: Sent): Promise<Received> =>
    startProcess(seen)(sent);

  /** One run of the scheduled repairs. */
  const repair = (seen: ProcessStores = processStores): Promise<RepairRun> =>
    settleDue({ ...stores, trailLinks, ...seen, onTrouble }, 'scheduled-run');

  /** One run of the scheduled rotations. */
  const rotate = (
    seen: ProcessStores = processStores,
    wait = async (ms: number) => clock.advance(ms),
  ): Promise<RotationRun> =>
    rotateDue({ ...stores, ...seen, wait, onFailure: onTrouble }, 'rotation-run');

  /** One step of a rotation by Secrets Manager, as its function takes it. */
  const takeStep = (
    { Step, SecretId, ClientRequestToken }: RotationEvent,
    seen: ProcessStores = processStores,
  ): Promise<void> =>
    rotateSecret({ ...stores, ...seen })(
      { step: Step, secretId: SecretId, version: ClientRequestToken },
      `rotation-${Step}`,
    );

  /** Has Secrets Manager begin to rotate a secret; returns the version that is to get a value. */
  const beginRotation = (name: string): string => {
    const input = { SecretId: name, ClientRequestToken: random.uuid(), RotationLambdaARN: 'arn' };
    return secrets.service.rotateSecret(input).VersionId;
  };

  /**
   * The steps of the rotation that is under way, or some of them, up to the first that throws, as Secrets
   * Manager does.
   */
  const takeSteps = async (
    name: string,
    seen: ProcessStores = processStores,
    steps: readonly RotationEvent['Step'][] = rotationSteps,
  ): Promise<RotationEvent['Step'][]> => {
    const taken: RotationEvent['Step'][] = [];
    for (const event of secrets.service.rotationEvents(name)) {
      if (!steps.includes(event.Step)) continue;
      await takeStep(event, seen);
      taken.push(event.Step);
    }
    return taken;
  };

  /** Sends as the admin key. */
  const asAdmin = (sent: Sent) =>
    send({ ...sent, headers: { authorization: `Bearer ${masterKey}`, ...sent.headers } });

  const generate = (body: unknown, key = masterKey) =>
    send({ path: '/key/generate', headers: { authorization: `Bearer ${key}` }, body });

  let delivered = 0;
  /** Hands the stream's new records to both readers, as their mappings would. */
  async function deliver(): Promise<void> {
    const toTrail = auditKeyChange(() => trail);
    const toMail = emailKeyChange(() => ({ notices, mailer, claimLinks, settings, now }));
    for (; delivered < table.stream.length; delivered += 1) {
      const record = table.stream[delivered];
      if (record === undefined) continue;
      await toTrail(record);
      await toMail(record);
    }
  }

  async function provisionAdmin(): Promise<void> {
    const secret = {
      name: masterSecret,
      arn: 'arn',
      versionId: random.uuid(),
      value: masterKey,
    };
    const row = adminRow(secret, 'deploy', now(), random);
    await table.commit(
      [
        { kind: 'create-row', row },
        { kind: 'create-pointer', pointer: { hash: row.cur.hash, keyId: masterKeyId } },
      ],
      random.uuid(),
      1000,
    );
  }

  /** Puts the admin key's secret in place too: most tests want no secret but those of keys. */
  async function provisionAdminSecret(): Promise<void> {
    const row = table.row(masterKeyId);
    if (row === null) throw new Error('There is no admin key');
    const { ARN } = secrets.service.createSecret({
      Name: masterSecret,
      SecretString: masterKey,
      ClientRequestToken: row.cur.ver ?? '',
      Tags: [
        { Key: 'latchkey:env', Value: settings.environment },
        { Key: 'key_id', Value: masterKeyId },
      ],
    });
    table.putItem({ ...rowItem({ ...row, secretArn: ARN }), pk: rowKey(masterKeyId) });
  }

  return {
    ...stores,
    due,
    processStores,
    startProcess,
    sendThrough,
    repair,
    rotate,
    takeStep,
    beginRotation,
    takeSteps,
    clock,
    trail,
    trailLinks,
    notices,
    claimLinks,
    mailer,
    answer,
    send,
    asAdmin,
    generate,
    deliver,
    provisionAdmin,
    provisionAdminSecret,
  };
}

function bodyOf({ body, headers, isBase64Encoded }: APIGatewayProxyStructuredResultV2): unknown {
  if (body === undefined) return undefined;
  const text = isBase64Encoded === true ? Buffer.from(body, 'base64').toString('utf8') : body;
  const isJson = headers?.['content-type'] === 'application/json';
  return isJson && headers['content-encoding'] === undefined ? JSON.parse(text) : text;
}

/** A service with its admin key in place. */
export async function startedService(
  changes: Partial<Settings> = {},
  surroundings: Surroundings = {},
) {
  const service = inProcessService(changes, surroundings);
  await service.provisionAdmin();
  return service;
}
