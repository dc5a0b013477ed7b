/** Packages that an index of a test has, as pip and npm take them. */
import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

const makeWheel = `import base64, sys, zipfile
with zipfile.ZipFile(sys.argv[1], 'w') as z:
    z.writestr('acme_hello.py', 'print("hello of acme")')
    z.writestr('acme_hello-1.0.dist-info/METADATA', 'Metadata-Version: 2.1\\nName: acme-hello\\nVersion: 1.0\\n')
    z.writestr('acme_hello-1.0.dist-info/WHEEL', 'Wheel-Version: 1.0\\nGenerator: x\\nRoot-Is-Purelib: true\\nTag: py3-none-any\\n')
    z.writestr('acme_hello-1.0.dist-info/RECORD', '')
`;

/** A package of one module. @param root a folder, for its file. */
export function wheel(root: string) {
  const file = 'acme_hello-1.0-py3-none-any.whl';
  execFileSync('python3', ['-c', makeWheel, join(root, file)]);
  return { file, bytes: readFileSync(join(root, file)) };
}

/** A package of one program, as npm takes it, and what an index says of it. */
export function npmPackage(root: string) {
  const folder = join(root, 'acme-hello');
  mkdirSync(folder);
  const manifest = { name: 'acme-hello', version: '1.0.0', bin: { 'acme-hello': 'hello.js' } };
  writeFileSync(join(folder, 'package.json'), JSON.stringify(manifest));
  writeFileSync(join(folder, 'hello.js'), "#!/usr/bin/env node\nconsole.log('hello of acme, by npm');\n");
  execFileSync('npm', ['pack', '--silent', '--pack-destination', root], { cwd: folder });
  const bytes = readFileSync(join(root, 'acme-hello-1.0.0.tgz'));
  const integrity = `sha512-${createHash('sha512').update(bytes).digest('base64')}`;
  const page = (tarball: string) => ({
    ...{
      name: manifest.name,
      'dist-tags': { latest: '1.0.0' },
      time: { '1.0.0': '2020-01-01T00:00:00.000Z' },
    },
    versions: { '1.0.0': { ...manifest, dist: { tarball, integrity } } },
  });
  return { bytes, page };
}
