// oxlint-disable no-new -- a construct adds itself to its scope
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { App } from 'aws-cdk-lib';
import cdkJson from '../../cdk.json' with { type: 'json' };
import type { Environment } from '../../lib/environment.ts';
import { KeyServiceStack } from '../../lib/key-service-stack.ts';
import { listOperations } from '../build.ts';
import { type Resources, resourcesIn } from './template.ts';

export interface Synthesised {
  readonly resources: Resources;
  /** The least version of the CDK's bootstrap stack that it can be deployed with. */
  readonly bootstrapVersion: number;
}

/** What `cdk deploy` would deploy. Its functions are empty: no other resource depends on code. */
export async function synthesise(environment: Environment): Promise<Synthesised> {
  const folder = mkdtempSync(join(tmpdir(), 'latchkey-upgrade-'));
  try {
    const codeRoot = join(folder, 'functions');
    for (const operation of await listOperations()) {
      mkdirSync(join(codeRoot, operation), { recursive: true });
      writeFileSync(join(codeRoot, operation, 'index.js'), '');
    }
    // Logical ids depend on the feature flags of a real deploy.
    const app = new App({ context: cdkJson.context, outdir: join(folder, 'out') });
    const name = `latchkey-${environment.name}`;
    new KeyServiceStack(app, name, { environment, codeRoot });
    const stack = app.synth().getStackByName(name);
    return {
      resources: resourcesIn(stack.template, name),
      bootstrapVersion: stack.requiresBootstrapStackVersion ?? 1,
    };
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}
