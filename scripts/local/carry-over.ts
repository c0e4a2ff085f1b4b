import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import * as z from 'zod/mini';
import type { StackOutputs } from './deploy.ts';
import type { RootClient } from './root-client.ts';
import { readTable, writeTable } from './table-items.ts';

export interface CarryOver {
  /** Notes the items of the stack's tables, and how many keys rows there are among them. */
  save(outputs: StackOutputs): Promise<number>;
  /** Puts what was noted, if anything, into the tables of a new stack. */
  restore(outputs: StackOutputs): Promise<void>;
}

const tablesFile = z.record(z.string(), z.array(z.record(z.string(), z.unknown())));

/** In this order: the stream of keys must find the records and notices of old events, so as not to repeat them. */
const carried = ['AuditTableName', 'NoticesTableName', 'IdempotencyTableName', 'KeysTableName'];

/**
 * Carries the items of all tables from one stack to the next. They lie in a file meanwhile, so that
 * a run that dies in between leaves them to the next one.
 */
export function carryOver(file: string, client: RootClient): CarryOver {
  return {
    async save(outputs) {
      // Left by a run that died after removing the stack: those tables hold less than the file.
      if (existsSync(file)) return (readFile(file).KeysTableName ?? []).length;
      const tables: z.infer<typeof tablesFile> = {};
      for (const output of carried) {
        const table = outputs[output];
        tables[output] = table === undefined ? [] : await readTable(client, table);
      }
      mkdirSync(dirname(file), { recursive: true });
      writeFileSync(file, JSON.stringify(tables));
      return (tables.KeysTableName ?? []).length;
    },
    async restore(outputs) {
      if (!existsSync(file)) return;
      const tables = readFile(file);
      for (const output of carried) {
        const table = outputs[output];
        if (table !== undefined) await writeTable(client, table, tables[output] ?? []);
      }
      rmSync(file);
    },
  };
}

function readFile(file: string): z.infer<typeof tablesFile> {
  return z.parse(tablesFile, JSON.parse(readFileSync(file, 'utf8')));
}
