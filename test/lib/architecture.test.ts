/** The picture in the README shows the functions and stores of the stack, and who reaches what. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { listOperations } from '../../scripts/build.ts';
import { permissionsOf } from './fixtures/resources.ts';
import { sample, templateOf } from './fixtures/synthesise.ts';

const operations = await listOperations();
const readme = readFileSync(join(import.meta.dirname, '../../README.md'), 'utf8');
const [, picture = ''] = /```mermaid\nflowchart [A-Z]+\n([^]*?)```/.exec(readme) ?? [];

/** What a node of the picture is called in the resources of a policy. */
const stores: Readonly<Record<string, RegExp>> = {
  KeysTable: /^KeysTable/,
  AuditTable: /^AuditTable/,
  IdempotencyTable: /^IdempotencyTable/,
  NoticesTable: /^NoticesTable/,
  'Secrets Manager': /^secretsmanager:/,
  SES: /^ses:/,
  'failure bucket': /^StreamsFailures/,
  'delivery queue': /^DeliveriesQueue/,
};

/** Text of each node by its id, where it is first named. */
const nodes = new Map(
  [...picture.matchAll(/\b(\w+)(?:\(\[|\[\(|\[\[|\[)([^\])]+)/g)].map(([, id = '', text = '']) => [
    id,
    text,
  ]),
);
const functionsIn = (text: string) =>
  text.split(/<br>|, /).filter((name) => operations.includes(name));

/** Pairs of a function and a store that a line joins, whichever way it points. */
function joined(): string[] {
  const bare = picture
    .replaceAll(/(?:\(\[|\[\(|\[\[|\[)[^\])]+(?:\)\]|\]\)|\]\]|\])/g, '')
    .replaceAll(/\|[^|]*\|/g, '');
  const pairs = bare.split('\n').flatMap((line) => {
    const [from, to] = line
      .split(/-->|-\.->|---/)
      .map((side) => side.split('&').map((id) => nodes.get(id.trim()) ?? ''));
    const ends = (from ?? []).flatMap((left) => (to ?? []).map((right) => [left, right]));
    return ends.flatMap(([left = '', right = '']) =>
      [
        [left, right],
        [right, left],
      ].flatMap(([functions = '', store = '']) =>
        Object.hasOwn(stores, store)
          ? functionsIn(functions).map((name) => `${name}: ${store}`)
          : [],
      ),
    );
  });
  return [...new Set(pairs)].sort();
}

/** The same of the template. */
function granted(): string[] {
  const permissions = Object.entries(permissionsOf(templateOf(sample.full)));
  return operations
    .flatMap((name) => {
      const role = permissions.find(([id]) => id.endsWith(`${name.replaceAll('-', '')}Role`));
      const resources = Object.keys(role?.[1] ?? {});
      return Object.entries(stores)
        .filter(([, named]) => resources.some((resource) => named.test(resource)))
        .map(([store]) => `${name}: ${store}`);
    })
    .sort();
}

it('has every function once', () => {
  const shown = [...nodes.values()].flatMap(functionsIn);
  // It is no part of an environment: it belongs to stacks of other people.
  const own = operations.filter((name) => name !== 'authorize-request');
  expect(shown.sort()).toEqual(own.sort());
});

it('joins each function to the stores that it may reach, and to no other', () => {
  expect(granted().length).toBeGreaterThan(20);
  const [shown, allowed] = [joined(), granted()];
  expect(shown.filter((pair) => !allowed.includes(pair))).toEqual([]);
  expect(allowed.filter((pair) => !shown.includes(pair))).toEqual([]);
});
