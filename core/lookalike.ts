/**
 * Names that are one slip of the finger away from one that many ask for. No scan finds what such a package does, for none
 * has looked at it yet; so whoever asks for it, and whoever approves it, is asked whether it is meant.
 */
import { canonical, type PackageManager, type Packages } from './packages.ts';
import { popular } from './popular.ts';

export interface Warning {
  readonly path: string;
  readonly message: string;
}

/** Shorter ones are one letter away from half of what there is. */
const shortest = 5;

export function lookalikes(packages: Packages): Warning[] {
  return managers.flatMap((manager) => {
    const known = popular[manager] ?? [];
    const names = new Set(known);
    return packages[manager].flatMap(({ name }, i) => {
      const asked = canonical(manager, name);
      const meant = names.has(asked)
        ? undefined
        : known.find((one) => one.length >= shortest && isOneEdit(asked, one));
      if (meant === undefined) return [];
      const message = `${name} is one letter away from ${meant}, which many ask for: make sure that it is meant`;
      return [{ path: `spec.packages.${manager}.${i}`, message }];
    });
  });
}

const managers = ['pip', 'npm'] as const satisfies readonly PackageManager[];

/** One letter more, less or other, or two that stand beside each other the other way round. */
function isOneEdit(a: string, b: string): boolean {
  if (a === b || Math.abs(a.length - b.length) > 1) return false;
  let start = 0;
  while (start < a.length && a[start] === b[start]) start++;
  const [restA, restB] = [a.slice(start), b.slice(start)];
  if (a.length !== b.length) return a.length > b.length ? restA.slice(1) === restB : restB.slice(1) === restA;
  const isSwapped = restA[0] === restB[1] && restA[1] === restB[0] && restA.slice(2) === restB.slice(2);
  return restA.slice(1) === restB.slice(1) || isSwapped;
}
