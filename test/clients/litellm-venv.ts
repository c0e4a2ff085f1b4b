/** Installs LiteLLM's Python client and command line once, in a virtual environment of the checkout. */
import { dirname, join } from 'node:path';
import type { TestProject } from 'vitest/node';
import { ensureVenv } from '../../scripts/local/python-venv.ts';

declare module 'vitest' {
  interface ProvidedContext {
    /** The folder with `python` and `lite`. */
    litellmPrograms: string;
  }
}

const litellm = {
  name: 'clients-venv',
  requirements: join(import.meta.dirname, 'requirements.txt'),
  holds: "LiteLLM's Python client and command line",
};

export default async function setup(project: TestProject) {
  const python = await ensureVenv(litellm, (line) => {
    process.stdout.write(`${line}\n`);
  });
  project.provide('litellmPrograms', dirname(python));
}
