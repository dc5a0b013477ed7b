/** Installed Python distributions: METADATA in *.dist-info, PKG-INFO in *.egg-info (or the file *.egg-info itself). */
import type { ImageFile } from '../layers.ts';
import type { InstalledPackage, Unassessed } from './package.ts';

export const isPythonMetadata = (path: string): boolean =>
  /\.dist-info\/METADATA$|\.egg-info\/PKG-INFO$|(?:site|dist)-packages\/[^/]+\.egg-info$/.test(path);

export function readPythonMetadata(file: ImageFile): InstalledPackage | Unassessed {
  // The description after the first empty line may hold anything.
  const [headers = ''] = file.content.toString('utf8').split(/\r?\n\r?\n/, 1);
  const field = (name: string) => new RegExp(`^${name}:[ \\t]*(.+?)\\r?$`, 'mi').exec(headers)?.[1];
  const name = field('Name');
  const version = field('Version');
  if (name === undefined || version === undefined) {
    return { name: name ?? file.path, filePath: file.path, reason: 'its metadata has no Name or no Version' };
  }
  return { ecosystem: 'PyPI', manager: 'PYTHONPKG', name, version, filePath: file.path, layer: file.layer };
}
