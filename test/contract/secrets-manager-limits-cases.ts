import { randomUUID } from 'node:crypto';
import type { SecretsManagerClient } from '@aws-sdk/client-secrets-manager';
import { expect } from 'vitest';
import { newName, refused, secretCalls, tagList } from './secret-calls.ts';
import type { Suite } from './suite.ts';

/** What Secrets Manager takes of names, tokens, values, tags and versions; see `secretsManagerCases`. */
export const secretsManagerLimitsCases =
  (makeClient: () => SecretsManagerClient) =>
  ({ describe }: Suite): void => {
    const { create, put, get, look, remove, tag, tagsOf } = secretCalls(makeClient);
    const createTagged = (name: string, tags: Record<string, string>) =>
      create(name, 'one', randomUUID(), { Tags: tagList(tags) });
    const missing = refused('ResourceNotFoundException');

    describe('a name', ({ test }) => {
      for (const name of ['a b', 'a#b', 'ключ', 'x'.repeat(513)]) {
        test(`is refused: ${name.slice(0, 5)} (${name.length})`, async () => {
          await expect(create(name, 'one')).rejects.toEqual(refused('ValidationException'));
        });
      }

      test('may have 512 characters and every allowed sign', async () => {
        const name = `${newName()}/A_+=.@-`;
        const longest = name + 'x'.repeat(512 - name.length);
        await expect(create(longest, 'one')).resolves.toMatchObject({ Name: longest });
      });
    });

    describe('a token', ({ test }) => {
      for (const length of [31, 65]) {
        test(`of ${length} characters is refused`, async () => {
          const [fresh, name] = [newName(), newName()];
          const invalid = refused('InvalidParameterException');
          await expect(create(fresh, 'one', 't'.repeat(length))).rejects.toEqual(invalid);
          await expect(look(fresh)).rejects.toEqual(missing);
          await create(name, 'one');
          await expect(put(name, 'two', 't'.repeat(length))).rejects.toEqual(invalid);
          expect(await get(name)).toMatchObject({ SecretString: 'one' });
        });
      }

      for (const length of [32, 64]) {
        test(`of ${length} characters is taken`, async () => {
          const token = 't'.repeat(length);
          expect(await create(newName(), 'one', token)).toMatchObject({ VersionId: token });
        });
      }
    });

    describe('a value', ({ test }) => {
      test('may have 65,536 bytes', async () => {
        const [name, longest] = [newName(), 'é'.repeat(32_768)];
        await create(name, longest);
        expect((await get(name)).SecretString).toBe(longest);
      });

      test('of more bytes is refused', async () => {
        const [fresh, name] = [newName(), newName()];
        const tooLong = 'x'.repeat(65_537);
        await expect(create(fresh, tooLong)).rejects.toEqual(refused('ValidationException'));
        await expect(look(fresh)).rejects.toEqual(missing);
        await create(name, 'one');
        await expect(put(name, tooLong)).rejects.toEqual(refused('ValidationException'));
      });
    });

    describe('tags', ({ test }) => {
      test('and the description are kept as they were given', async () => {
        const name = newName();
        const given = { key_id: 'k1', team: 'Ünïts 1/2 _.:=+-@' };
        await create(name, 'one', randomUUID(), {
          Description: 'a key of team x',
          Tags: tagList(given),
        });
        expect((await look(name)).Description).toBe('a key of team x');
        expect(await tagsOf(name)).toEqual(given);
      });

      const bad: readonly [string, Record<string, string>][] = [
        ['a value with a sign that tags cannot have', { key_id: 'a#b' }],
        ['a key with a sign that tags cannot have', { 'a,b': 'x' }],
        ['a value of 257 characters', { key_id: 'x'.repeat(257) }],
        ['a key of 129 characters', { ['k'.repeat(129)]: 'x' }],
        ['a key that AWS reserves', { 'aws:key': 'x' }],
        [
          'more than 50',
          Object.fromEntries(Array.from({ length: 51 }, (_, index) => [`k${index}`, 'x'])),
        ],
      ];
      for (const [what, tags] of bad) {
        test(`are refused: ${what}`, async () => {
          const name = newName();
          await expect(createTagged(name, tags)).rejects.toMatchObject({ $fault: 'client' });
          await expect(look(name)).rejects.toEqual(missing);
        });
      }

      test('may have 256 characters', async () => {
        const name = newName();
        await createTagged(name, { key_id: 'x'.repeat(256) });
        expect(await tagsOf(name)).toEqual({ key_id: 'x'.repeat(256) });
      });

      test('are added and replaced later', async () => {
        const name = newName();
        await createTagged(name, { a: '1', b: '2' });
        await tag(name, { b: '3', c: '4' });
        expect(await tagsOf(name)).toEqual({ a: '1', b: '3', c: '4' });
      });

      test('of a secret scheduled for deletion are not changed', async () => {
        const name = newName();
        await createTagged(name, { a: '1' });
        await remove(name);
        await expect(tag(name, { a: '2' })).rejects.toEqual(refused('InvalidRequestException'));
        expect(await tagsOf(name)).toEqual({ a: '1' });
      });
    });

    describe('versions', ({ test }) => {
      test('of one day are a hundred at most', async () => {
        const name = newName();
        await create(name, '1');
        for (let version = 2; version <= 100; version += 1) await put(name, String(version));
        await expect(put(name, '101')).rejects.toEqual(refused('LimitExceededException'));
        expect(await get(name)).toMatchObject({ SecretString: '100' });
      }, 30_000);
    });
  };
