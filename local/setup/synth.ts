/** Lambdas bundled once, then the stacks synthesized by the plain `cdk` CLI: what is checked is what is deployed. */
import { join } from 'node:path';
import { bundleLambdas } from '#lib/bundle.ts';
import { run } from '#local/setup/run.ts';

interface Synth {
  readonly root: string;
  readonly output: string;
  readonly log: string;
}

export async function synthesize({ root, output, log }: Synth): Promise<string> {
  await bundleLambdas();
  const app = `${process.execPath} ${join(root, 'bin/app.ts')}`;
  await run('cdk', ['synth', '--quiet', '--app', app, '--output', output], {
    log,
    cwd: root,
    // Synth asks nobody: no credentials, and no look-up in whatever account the person is signed in to.
    env: {
      ...process.env,
      CDK_DEFAULT_ACCOUNT: '000000000000',
      CDK_DEFAULT_REGION: 'us-east-1',
      CDK_DISABLE_VERSION_CHECK: '1',
      CI: 'true',
    },
  });
  return output;
}
