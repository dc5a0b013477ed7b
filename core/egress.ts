/**
 * Whom a build may talk to. What it runs is strangers' code: its only way out is a proxy (egress/), which lets through what is
 * listed, by name. What the catalog's bases install from is on the list by itself, and what the configuration adds.
 */
import type { Builds } from './builds.ts';
import type { Catalog } from './catalog.ts';
import { indexFor, isIndexed } from './indexes.ts';
import type { PackageManager } from './packages.ts';

/** By manager: where the bases' own settings look. An index that is configured takes the place of pip's and npm's. */
const sourcesOf: Readonly<Record<PackageManager, readonly string[]>> = {
  apt: [
    'deb.debian.org',
    'security.debian.org',
    'archive.ubuntu.com',
    'security.ubuntu.com',
    'ports.ubuntu.com',
  ],
  apk: ['dl-cdn.alpinelinux.org'],
  dnf: ['cdn.amazonlinux.com'],
  pip: ['pypi.org', 'files.pythonhosted.org'],
  npm: ['registry.npmjs.org'],
  conda: ['conda.anaconda.org'],
};

interface Configured {
  readonly catalog: Pick<Catalog, 'bases'>;
  readonly builds: Pick<Builds, 'egress' | 'indexes'>;
}

/** All that a build may reach, but the registry. */
export function egressOf({ catalog, builds }: Configured): string[] {
  const managers = new Set(catalog.bases.flatMap(({ takes }) => takes));
  // pip itself is installed where there is Python, whatever else there is.
  const sources = [...managers].flatMap((manager) => {
    const index = isIndexed(manager) ? indexFor(manager, builds.indexes) : undefined;
    if (index === undefined) return sourcesOf[manager];
    // One that wants a credential is asked by the proxy, and by nobody else.
    return index.credential === undefined ? [new URL(index.url).host] : [];
  });
  return [...new Set([...sources, ...builds.egress.allow])].sort();
}

/** Of a scheme, where an entry names none. */
type Port = 80 | 443;

/** @param port that is asked for. @param usual the one that an entry without a port means. */
export const mayReach = (
  allow: readonly string[],
  { host, port, usual }: { readonly host: string; readonly port: number; readonly usual: Port },
): boolean => allow.some((entry) => matches(entry, host.toLowerCase(), port, usual));

function matches(entry: string, host: string, port: number, usual: Port): boolean {
  const [name = '', ownPort] = entry.split(':');
  if (port !== (ownPort === undefined ? usual : Number(ownPort))) return false;
  if (name === '*') return true;
  // One label at least, and any number of them: `*.example.com` is all below it, and not itself.
  return name.startsWith('*.')
    ? host.endsWith(name.slice(1)) && host.length > name.length - 1
    : host === name;
}
