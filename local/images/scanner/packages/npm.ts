/** Installed npm packages: package.json at the root of each package in a node_modules folder. */
import * as z from '#core/zod.ts';
import type { ImageFile } from '../layers.ts';
import type { InstalledPackage, Unassessed } from './package.ts';

export const isNpmManifest = (path: string): boolean =>
  /(?:^|\/)node_modules\/(?:@[^/]+\/)?[^/@.][^/]*\/package\.json$/.test(path);

const manifest = z.looseObject({
  name: z.optional(z.string().check(z.minLength(1))),
  version: z.optional(z.string().check(z.minLength(1))),
});

/** Undefined for a folder that is no release of anything: npm installs nothing without a version. */
export function readNpmManifest(file: ImageFile): InstalledPackage | Unassessed | undefined {
  let parsed: z.infer<typeof manifest>;
  try {
    parsed = manifest.parse(JSON.parse(file.content.toString('utf8')));
  } catch {
    return { name: file.path, filePath: file.path, reason: 'its package.json cannot be read' };
  }
  if (parsed.version === undefined) return undefined;
  const name =
    parsed.name ??
    file.path
      .split('node_modules/')
      .at(-1)
      ?.replace(/\/package\.json$/, '') ??
    file.path;
  return {
    ecosystem: 'npm',
    manager: 'NODEPKG',
    name,
    version: parsed.version,
    filePath: file.path,
    layer: file.layer,
  };
}
