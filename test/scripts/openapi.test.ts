import { readFile } from 'node:fs/promises';
import { describe, expect, it } from 'vitest';
import { openApiDocument, openApiPath } from '../../scripts/openapi.ts';

describe('the OpenAPI document', () => {
  it('is the one that the schemas make (npm run openapi)', async () => {
    expect(await readFile(openApiPath, 'utf8')).toBe(await openApiDocument());
  });
});
