/** Schemathesis over the deployed API: it makes requests of the OpenAPI document, right ones and wrong ones, and judges the answers. */
import { spawn } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { openApi } from '#api/openapi/document.ts';
import { routes } from '#api/routes/all.ts';
import * as z from '#core/zod.ts';
import { instanceOf } from '#local/instance.ts';
import { ensureVenv } from '#local/setup/venv.ts';

const requirements = join(import.meta.dirname, 'requirements.txt');
const checks = [
  'not_a_server_error',
  'status_code_conformance',
  'content_type_conformance',
  'response_headers_conformance',
  'response_schema_conformance',
  'negative_data_rejection',
  'ignored_auth',
];

interface Target {
  readonly api: string;
  readonly token: string;
  /** Of parameters and fields by their names: no random value would hit anything. */
  readonly known: Readonly<Record<string, readonly string[]>>;
}

const Parameters = z.array(z.looseObject({ name: z.string(), schema: z.unknown() }));
const Document = z.looseObject({
  paths: z.record(z.string(), z.record(z.string(), z.looseObject({ parameters: Parameters }))),
  components: z.looseObject({ schemas: z.record(z.string(), z.unknown()) }),
});
const Text = z.object({ type: z.literal('string') });

/** The document, whose requests have values that are there in the place of any that could be. Answers stay as they are. */
function documentFor({ known }: Target): string {
  const narrowed = (name: string, schema: unknown): unknown =>
    known[name] && Text.safeParse(schema).success ? { type: 'string', enum: known[name] } : schema;
  const document = Document.parse(openApi(routes));
  for (const operation of Object.values(document.paths).flatMap((methods) => Object.values(methods)))
    for (const parameter of operation.parameters)
      parameter.schema = narrowed(parameter.name, parameter.schema);
  const { schemas } = document.components;
  for (const [name, schema] of Object.entries(schemas))
    if (!/(?:Answer|Problem)$/.test(name)) schemas[name] = JSON.parse(JSON.stringify(schema, narrowed));
  return JSON.stringify(document);
}

export interface Ran {
  readonly code: number | null;
  readonly said: string;
}

/** @param more arguments of schemathesis. */
export async function schemathesis(target: Target, more: readonly string[]): Promise<Ran> {
  const { cache, root } = instanceOf('test');
  const log = join(root, '.state/schemathesis-install.log');
  const programs = await ensureVenv(
    { name: 'schemathesis', requirements, module: 'schemathesis', cache },
    { log },
  );
  const folder = mkdtempSync(join(tmpdir(), 'schemathesis-'));
  try {
    writeFileSync(join(folder, 'openapi.json'), documentFor(target));
    // The token is in its environment: arguments are for everybody on the machine to read.
    const variable = '$' + '{API_TOKEN}';
    writeFileSync(join(folder, 'schemathesis.toml'), `headers = { Authorization = "Bearer ${variable}" }\n`);
    const args = [
      'run',
      'openapi.json',
      '--url',
      target.api,
      '--checks',
      checks.join(),
      '--no-color',
      ...more,
    ];
    return await run(join(programs, 'schemathesis'), args, folder, target.token);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

function run(program: string, args: readonly string[], cwd: string, token: string): Promise<Ran> {
  const child = spawn(program, args, {
    cwd,
    env: { PATH: '/usr/bin:/bin', LANG: 'C.UTF-8', HOME: cwd, API_TOKEN: token },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const said: string[] = [];
  for (const stream of [child.stdout, child.stderr])
    stream.setEncoding('utf8').on('data', (text: string) => said.push(text));
  return new Promise((resolve) => child.once('close', (code) => resolve({ code, said: said.join('') })));
}
