/** How each manager says that it does not have a package, in the words of the versions that test/core/build-failure.test.ts has the logs of. */
import type { PackageManager } from './packages.ts';

export interface Missing {
  readonly manager: PackageManager;
  readonly name: string;
  /** Where the package is there in other versions. */
  readonly version?: string | undefined;
}

interface Words {
  readonly manager: PackageManager;
  /** Has a group `name`, and `version` where the package is there in others. */
  readonly line: RegExp;
  /** The line that it is behind, where it says too little alone. */
  readonly below?: RegExp;
}

const npm = '^npm (?:ERR!|error) ';
const words: readonly Words[] = [
  { manager: 'apt', line: /^E: Unable to locate package (?<name>\S+)$/ },
  { manager: 'apt', line: /^E: Version '(?<version>[^']+)' for '(?<name>[^']+)' was not found$/ },
  { manager: 'apt', line: /^E: Package '(?<name>[^']+)' has no installation candidate$/ },
  { manager: 'apk', line: /^ +(?<name>\S+) \(no such package\):?$/ },
  { manager: 'apk', line: /^ +breaks: world\[(?<name>[^\]=<>~]+)=(?<version>[^\]]+)\]$/ },
  { manager: 'dnf', line: /^No match for argument: (?<name>\S+)$/ },
  { manager: 'dnf', line: /^Error: Unable to find a match: (?<name>\S+)$/ },
  {
    manager: 'npm',
    line: new RegExp(
      `${npm}404 +(?:The requested resource )?'(?<name>@?[^@']+)(?:@[^']*)?' (?:is not in (?:this|the npm) registry|could not be found)`,
    ),
  },
  {
    manager: 'npm',
    line: new RegExp(
      String.raw`${npm}notarget No matching version found for (?<name>@?[^@\s]+)@(?<version>\S+?)(?: with a date before .*)?\.$`,
    ),
  },
  {
    manager: 'conda',
    line: /^ +- (?<name>[a-z0-9_][a-z0-9._-]*?)(?:={1,2}(?<version>\S+))?$/,
    below: /^PackagesNotFoundError: /,
  },
  { manager: 'conda', line: /nothing provides requested (?<name>[a-z0-9_][a-z0-9._-]*)/ },
  { manager: 'conda', line: /[└├]─ (?<name>[a-z0-9_][a-z0-9._-]*) .*does not exist \(perhaps a typo/ },
];

/** pip says the version that was asked for, whether there are others or none. */
const pip =
  /^ERROR: No matching distribution found for (?<name>[A-Za-z0-9._-]+)(?:\[[^\]]*\])?(?:==(?<version>[^\s;,]+))?/;
const hasOthers =
  /^ERROR: Could not find a version that satisfies the requirement .*\(from versions: (?!none\))/;

/** In the order in which they were told. */
export function missingIn(lines: readonly string[]): Missing[] {
  const isBehind = ({ below }: Words, at: number): boolean =>
    below === undefined || lines.slice(0, at).some((line) => below.test(line));
  return lines.flatMap((line, at) => {
    const ofPip = namedBy('pip', pip, line);
    if (ofPip)
      return [
        lines.slice(0, at).some((each) => hasOthers.test(each)) ? ofPip : { ...ofPip, version: undefined },
      ];
    for (const each of words) {
      const found = namedBy(each.manager, each.line, line);
      if (found && isBehind(each, at)) return [found];
    }
    return [];
  });
}

function namedBy(manager: PackageManager, pattern: RegExp, line: string): Missing | undefined {
  const { name, version } = pattern.exec(line)?.groups ?? {};
  return name === undefined ? undefined : { manager, name, version };
}
