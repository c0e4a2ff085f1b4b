import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import * as z from 'zod/mini';
import { localDir } from './project.ts';

const portsFile = z.looseObject({ aws: z.number() });

/** Where the local AWS was started last, and may be running; null before the first start. */
export function runningEndpoint(): string | null {
  const file = join(localDir, 'state', 'ports.json');
  if (!existsSync(file)) return null;
  const { aws } = z.parse(portsFile, JSON.parse(readFileSync(file, 'utf8')));
  return `http://127.0.0.1:${aws}`;
}
