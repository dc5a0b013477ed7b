/**
 * `npm run lockfile`: completes package-lock.json after a change of dependencies. npm leaves out the packages of other
 * platforms where the registry in use has none, and `npm ci` elsewhere then refuses the lockfile as out of step. They
 * are named here by version, system and processor, without a hash: Linux with glibc, which we run on, takes none of them.
 */
import { readFileSync, writeFileSync } from 'node:fs';
import * as z from '#core/zod.ts';

const Package = z.looseObject({
  version: z.optional(z.string()),
  dev: z.optional(z.boolean()),
  optionalDependencies: z.optional(z.record(z.string(), z.string())),
});
const Lockfile = z.looseObject({ packages: z.record(z.string(), Package) });

const systems = [
  'aix',
  'android',
  'darwin',
  'freebsd',
  'linux',
  'netbsd',
  'openbsd',
  'openharmony',
  'sunos',
  'win32',
];
const processors = [
  'arm64',
  'arm',
  'ia32',
  'loong64',
  'mips64el',
  'ppc64',
  'riscv64',
  's390x',
  'wasm32',
  'x64',
];

/** Entries that the lockfile's packages want and it lacks. Exported for its test. */
export function missingEntries(lockfile: unknown): Record<string, unknown> {
  const { packages } = Lockfile.parse(lockfile);
  const missing: Record<string, unknown> = {};
  for (const [path, { optionalDependencies, dev }] of Object.entries(packages)) {
    for (const [name, version] of Object.entries(optionalDependencies ?? {})) {
      const nested = `${path}/node_modules/${name}`;
      const flat = `node_modules/${name}`;
      if (nested in packages || flat in packages) continue;
      missing[flat] = {
        version: version.replace(/^[\^~]/, ''),
        ...platformOf(name),
        ...(dev && { dev }),
        optional: true,
      };
    }
  }
  return missing;
}

function platformOf(name: string) {
  const words = name.split(/[/-]/);
  const os = systems.filter((system) => words.includes(system));
  const cpu = processors.filter((processor) => words.includes(processor));
  if (cpu.length === 0 && os.length === 0)
    throw new Error(`${name} names no platform: run npm where the registry has it`);
  return { ...(cpu.length > 0 && { cpu }), ...(os.length > 0 && { os }) };
}

if (process.argv[1] === import.meta.filename) {
  const file = new URL('../package-lock.json', import.meta.url);
  const lockfile = z
    .looseObject({ packages: z.record(z.string(), z.unknown()) })
    .parse(JSON.parse(readFileSync(file, 'utf8')));
  const missing = missingEntries(lockfile);
  const packages = Object.fromEntries(
    Object.entries({ ...lockfile.packages, ...missing }).sort(([a], [b]) => (a < b ? -1 : 1)),
  );
  writeFileSync(file, `${JSON.stringify({ ...lockfile, packages }, null, 2)}\n`);
  console.log(`${Object.keys(missing).length} packages of other platforms added to package-lock.json.`);
}
