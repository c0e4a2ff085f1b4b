/** What no case over the wire can show: old copies, ends of windows, rates, a day gone by. */
import { randomUUID } from 'node:crypto';
import { beforeEach, describe, expect, it } from 'vitest';
import { FakeClock } from './clock.ts';
import { FakeSecretsManager } from './secrets-manager.ts';

const name = 'litellm/a';
const dayMs = 86_400_000;
let clock: FakeClock;
let service: FakeSecretsManager;

beforeEach(() => {
  clock = new FakeClock();
  service = new FakeSecretsManager(clock.now);
});

const create = (value = 'one', token: string = randomUUID()) =>
  service.createSecret({ Name: name, SecretString: value, ClientRequestToken: token });
const put = (value: string, token: string = randomUUID(), stages?: string[]) =>
  service.putSecretValue({
    SecretId: name,
    SecretString: value,
    ClientRequestToken: token,
    VersionStages: stages,
  });
const value = () => service.getSecretValue({ SecretId: name }).SecretString;
const describeIt = () => service.describeSecret({ SecretId: name });
const remove = () => service.deleteSecret({ SecretId: name, RecoveryWindowInDays: 7 });
const restore = () => service.restoreSecret({ SecretId: name });
const refused = (exception: string) => expect.objectContaining({ name: exception });

describe('while reads are stale', () => {
  beforeEach(() => {
    service.staleFor(5000);
  });

  it('does not find a new secret for as long', () => {
    create();
    expect(value).toThrow(refused('ResourceNotFoundException'));
    clock.advance(4999);
    expect(describeIt).toThrow(refused('ResourceNotFoundException'));
    clock.advance(1);
    expect(value()).toBe('one');
  });

  it('reads the version that was current before', () => {
    create();
    clock.advance(6000);
    put('two');
    expect(value()).toBe('one');
    clock.advance(5000);
    expect(value()).toBe('two');
  });

  it('refuses by the old copy what it would not refuse now', () => {
    create();
    expect(remove).toThrow(refused('ResourceNotFoundException'));
    clock.advance(6000);
    remove();
    clock.advance(6000);
    restore();
    expect(() => put('two')).toThrow(refused('InvalidRequestException'));
    clock.advance(5000);
    put('two');
    expect(service.stored(name)?.versions.size).toBe(2);
  });

  it('never takes what it must refuse: a change succeeds on the newest copy alone', () => {
    const token = randomUUID();
    create();
    clock.advance(6000);
    put('two', token);
    expect(() => put('other', token)).toThrow(refused('ResourceExistsException'));
    remove();
    expect(() => put('three')).toThrow(refused('InvalidRequestException'));
    expect(create).toThrow(refused('ResourceExistsException'));
    clock.advance(5000);
    expect(create).toThrow(refused('InvalidRequestException'));
  });

  it('can be so for some operations only, and comes to an end', () => {
    service.staleFor((operation) => (operation === 'DescribeSecret' ? 5000 : 0));
    create();
    expect(value()).toBe('one');
    expect(describeIt).toThrow(refused('ResourceNotFoundException'));
    service.staleFor(0);
    expect(describeIt().Name).toBe(name);
  });
});

describe('the deletion window', () => {
  it('reserves the name until its end, then frees it for a secret of another ARN', () => {
    const { ARN } = create();
    remove();
    clock.advance(7 * dayMs - 1);
    expect(create).toThrow(refused('InvalidRequestException'));
    clock.advance(1);
    expect(describeIt).toThrow(refused('ResourceNotFoundException'));
    expect(restore).toThrow(refused('ResourceNotFoundException'));
    const again = create('new');
    expect(again.ARN).not.toBe(ARN);
    expect(value()).toBe('new');
    expect(() => service.getSecretValue({ SecretId: ARN })).toThrow(
      refused('ResourceNotFoundException'),
    );
  });

  it('is 30 days unless told otherwise', () => {
    create();
    const { DeletionDate } = service.deleteSecret({ SecretId: name });
    expect(DeletionDate.getTime() - clock.now().getTime()).toBe(30 * dayMs);
  });
});

describe('versions', () => {
  it('are dropped to make room, the oldest first, once they are a day old and have no label', () => {
    const [first, second] = [randomUUID(), randomUUID()];
    create('first', first);
    put('second', second, ['KEPT']);
    for (let count = 3; count <= 100; count += 1) put(String(count));
    expect(() => put('101')).toThrow(refused('LimitExceededException'));
    clock.advance(dayMs + 1);
    put('101');
    put('102');
    expect(service.stored(name)?.versions.size).toBe(100);
    expect(service.stored(name)?.versions.has(first)).toBe(false);
    expect(service.stored(name)?.versions.has(second)).toBe(true);
  });

  it('have twenty labels each at most', () => {
    create();
    const stages = Array.from({ length: 21 }, (_, index) => `S${index}`);
    expect(() => put('two', randomUUID(), stages)).toThrow(refused('ValidationException'));
  });

  it('are told from one another by a token that every change must have', () => {
    expect(() => service.createSecret({ Name: name, SecretString: 'one' })).toThrow(
      refused('InvalidParameterException'),
    );
  });
});

describe('rates', () => {
  it('are those of AWS: 50 puts and label moves a second together, without effect beyond', () => {
    const first = create().VersionId ?? '';
    service.limitRates();
    const token = randomUUID();
    put('two', token);
    for (let count = 2; count <= 50; count += 1) put('two', token);
    const move = () =>
      service.updateSecretVersionStage({
        SecretId: name,
        VersionStage: 'AWSCURRENT',
        RemoveFromVersionId: token,
        MoveToVersionId: first,
      });
    expect(move).toThrow(refused('ThrottlingException'));
    expect(value()).toBe('two');
    clock.advance(1000);
    move();
    expect(value()).toBe('one');
  });
});

describe('a secret whose deletion window is over', () => {
  it('is forgotten once no stale read could tell of it', () => {
    create();
    remove();
    clock.advance(7 * 86_400_000);
    service.removeExpired();
    service.staleFor(5000);
    expect(describeIt().DeletedDate).toBeInstanceOf(Date);
    service.staleFor(0);
    clock.advance(3_600_000);
    service.removeExpired();
    service.staleFor(3_600_001);
    expect(describeIt).toThrow(refused('ResourceNotFoundException'));
  });

  it('is not, where the name was used again', () => {
    create();
    remove();
    clock.advance(7 * 86_400_000);
    create('again');
    clock.advance(3_600_000);
    service.removeExpired();
    expect(value()).toBe('again');
  });
});
