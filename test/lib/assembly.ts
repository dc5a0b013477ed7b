/** All stacks, synthesized once for a file of tests: two clusters, and stand-ins for the bundles (only synth reads them). */
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { App, Stack } from 'aws-cdk-lib';
import { Template } from 'aws-cdk-lib/assertions';
import { afterAll } from 'vitest';
import { Config } from '#core/config.ts';
import * as z from '#core/zod.ts';
import { makeStacks } from '#lib/app.ts';
import { loadConfig } from '#lib/config-file.ts';
import { everyContext, everyOption } from '#local/judges/every-option.ts';

/** As far as the tests look into it. */
const Value = z.record(z.string(), z.unknown());
const Resource = z.object({
  Type: z.string(),
  Properties: z._default(Value, {}),
  Metadata: z._default(Value, {}),
  DeletionPolicy: z.optional(z.string()),
  UpdateReplacePolicy: z.optional(z.string()),
});
export type Resource = z.infer<typeof Resource>;

/** One folder for bundles and cloud assemblies, gone with the tests. */
const scratch = mkdtempSync(join(tmpdir(), 'getschwifty-lib-'));
afterAll(() => rmSync(scratch, { recursive: true, force: true }));
let apps = 0;

const bundles = join(scratch, 'bundles');
for (const name of [...readdirSync('lambdas'), 'watcher', 'attest', 'egress']) {
  mkdirSync(join(bundles, name), { recursive: true });
  writeFileSync(join(bundles, name, 'index.mjs'), 'export const handler = () => undefined;\n');
}
for (const name of ['access', 'worker']) mkdirSync(join(bundles, name), { recursive: true });
// Each another one, as they are: what is the same is one image.
for (const name of ['watcher', 'access', 'worker'])
  writeFileSync(join(bundles, name, 'Dockerfile'), `# ${name}\nFROM scratch\n`);

/** With the context of cdk.json, as `cdk` gives it. */
export function testApp(context: Record<string, unknown> = {}): App {
  const defaults = z.object({ context: Value }).parse(JSON.parse(readFileSync('cdk.json', 'utf8'))).context;
  apps += 1;
  return new App({
    context: { ...defaults, bundles, ...context },
    outdir: join(scratch, `assembly-${apps}`),
    analyticsReporting: false,
  });
}

export const clusterNames = ['main', 'second'];

function testConfig(): Config {
  const config = loadConfig('getschwifty.config.yaml');
  const clusters = clusterNames.map((name) => ({ ...config.clusters[0], name }));
  return Config.parse({ ...config, clusters });
}

export class Assembly {
  readonly app: App;
  readonly config: Config;
  readonly stacks: ReadonlyMap<string, Readonly<Record<string, Resource>>>;
  readonly outputs: Readonly<Record<string, unknown>>;

  constructor(app = testApp(), config = testConfig()) {
    this.app = app;
    this.config = config;
    makeStacks(this.app, this.config);
    const stacks = this.app.node.children.filter((child) => Stack.isStack(child));
    const templates = new Map(stacks.map((stack) => [stack.stackName, Template.fromStack(stack).toJSON()]));
    const parsed = [...templates].map(([name, template]): [string, Record<string, Resource>] => [
      name,
      z.record(z.string(), Resource).parse(template['Resources']),
    ]);
    this.stacks = new Map(parsed);
    const outputs = z.record(z.string(), z.object({ Value: z.unknown() }));
    const told = outputs.parse(templates.get('GetSchwiftyControlPlane')?.['Outputs']);
    this.outputs = Object.fromEntries(Object.entries(told).map(([name, { Value: value }]) => [name, value]));
  }

  static withEveryOption(): Assembly {
    return new Assembly(testApp(everyContext), everyOption(testConfig()));
  }

  get controlPlane(): Readonly<Record<string, Resource>> {
    return this.stacks.get('GetSchwiftyControlPlane') ?? {};
  }

  /** Of all stacks, each as `<stack>/<logical id>`. */
  ofType(...types: string[]): [string, Resource][] {
    return [...this.stacks].flatMap(([stack, resources]) =>
      Object.entries(resources)
        .filter(([, resource]) => types.includes(resource.Type))
        .map(([id, resource]): [string, Resource] => [`${stack}/${id}`, resource]),
    );
  }

  /** The logical id that an output of the control plane names. */
  idOf(output: string): string {
    const reference = z.object({ Ref: z.string() }).safeParse(this.outputs[output]);
    if (!reference.success) throw new Error(`There is no output ${output} that names a resource.`);
    return reference.data.Ref;
  }

  controlPlaneResource(id: string): Resource {
    const resource = this.controlPlane[id];
    if (!resource) throw new Error(`There is no ${id} in the control plane.`);
    return resource;
  }
}

/** The logical id behind `{Ref}` or `{Fn::GetAtt}`. */
export function target(value: unknown): string | undefined {
  const reference = z
    .union([
      z.pipe(
        z.object({ Ref: z.string() }),
        z.transform(({ Ref }) => Ref),
      ),
      z.pipe(
        z.object({ 'Fn::GetAtt': z.tuple([z.string(), z.string()]) }),
        z.transform((it) => it['Fn::GetAtt'][0]),
      ),
    ])
    .safeParse(value);
  return reference.success ? reference.data : undefined;
}

export const list = (value: unknown): unknown[] => (Array.isArray(value) ? value : [value]);
