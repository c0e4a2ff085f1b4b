/**
 * Python scripts against the deployed service, in the environment with LiteLLM: every one beside this
 * file, and the tests of the examples. They find the service in `LATCHKEY_URL` and the admin key in
 * `LATCHKEY_ADMIN_KEY`, and exit with another code than 0 where something is not as it should be.
 */
import { globSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { projectDir } from '../../scripts/local/project.ts';
import { run } from './program.ts';

const scripts = globSync(['test/clients/*.py', 'examples/litellm/test_*.py'], { cwd: projectDir });

it.each(scripts)('%s ends well', async (script) => {
  expect(await run('python', [join(projectDir, script)])).toMatchObject({ code: 0 });
});
