/**
 * Why a build failed, for who asked for it: the package that its manager did not find, else what the build said last. A build runs
 * strangers' code, which prints what it likes: a name is told only where its ecosystem's grammar takes it, all else is cut and cleaned.
 */

import { cutMark } from './build-log.ts';
import { type Missing, missingIn } from './not-found.ts';
import { canonical, type Package, type PackageManager, type Packages, packageGrammar } from './packages.ts';
import { tooYoung } from './young.ts';

export interface BuildFailure {
  readonly what: string;
  /** What a person does about it. */
  readonly do: string;
  readonly manager?: PackageManager;
  readonly package?: string;
}

export interface Asked {
  readonly packages: Packages;
  /** Whether a Dockerfile of a repository says what is installed. */
  readonly byDockerfile: boolean;
}

const namedAtMost = 3;
const linesTold = 3;
const lineLength = 200;

/**
 * @param lines the last that it printed.
 * @param failure what is known without them.
 */
export function failureFrom(lines: readonly string[], failure: string, asked: Asked): BuildFailure {
  const failed = ofWhatFailed(lines);
  const missing = distinct(
    missingIn(failed)
      .filter(isName)
      .map((each) => inSpec(each, asked.packages)),
  );
  const [first] = missing;
  if (first) return notFound(first, missing.slice(1), asked, youngIn(failed));
  const words = tellingLines(failed);
  if (words.length === 0) return { what: failure, do: '' };
  const said = words.map((word) => `«${word}»`).join(' ');
  return { what: `${failure} It said: ${said}.`, do: '`schwifty env log` shows all of it.' };
}

/** One line of it. */
export const reasonText = (failure: BuildFailure): string => [failure.what, failure.do].join(' ').trim();

const isName = ({ manager, name, version }: Missing): boolean =>
  packageGrammar[manager].safeParse({ name, version }).success;

const distinct = (all: readonly Missing[]): Missing[] => [
  ...new Map(all.map((each) => [`${each.manager} ${each.name}`, each])).values(),
];

/** dnf says name and version as one word. */
function inSpec(missing: Missing, packages: Packages): Missing {
  if (missing.manager !== 'dnf') return missing;
  const pinned = packages.dnf.find(({ name, version }) => missing.name === `${name}-${version}`);
  return pinned ? { manager: 'dnf', ...pinned } : missing;
}

function notFound(
  first: Missing,
  others: readonly Missing[],
  asked: Asked,
  young: readonly string[],
): BuildFailure {
  const { manager, name } = first;
  const all = [first, ...others].slice(0, namedAtMost);
  const more = others.length + 1 - all.length;
  const what = all.map((each) => whatOf(each, asked.packages)).join('; ');
  return {
    what: more > 0 ? `${what}; and ${more} more.` : `${what}.`,
    do: [...all.map((each) => whatToDo(each, asked)), ...young].filter(isNew).join(' '),
    manager,
    package: name,
  };
}

/** Where an age is asked, managers say of what is too young that there is none: the instruction says so behind them. */
function youngIn(lines: readonly string[]): string[] {
  const days = lines.flatMap((line) => {
    const day = /^Releases of (\d{4}-\d\d-\d\d) and later are too young/.exec(line)?.[1];
    return day !== undefined && line === tooYoung(day) ? [line] : [];
  });
  return days.slice(-1);
}

const isNew = (text: string, at: number, all: readonly string[]): boolean => all.indexOf(text) === at;

function whatOf({ manager, name, version }: Missing, packages: Packages): string {
  const field = fieldOf(manager, name, packages);
  const where = field === undefined ? '' : ` (${field})`;
  return version === undefined
    ? `${manager} found no package ${name}${where}`
    : `${manager} found no version ${version} of ${name}${where}`;
}

function whatToDo({ manager, name, version }: Missing, { packages, byDockerfile }: Asked): string {
  if (byDockerfile) return 'Correct it in the Dockerfile of the repository, and ask for its new commit.';
  if (fieldOf(manager, name, packages) === undefined)
    return `Something that is installed wants ${name}: ask for another version of it, or for what ${manager} has.`;
  return version === undefined
    ? `Correct its name, or take it out of the spec.`
    : `Ask for a version that ${manager} has, or for none.`;
}

/** The list of a spec that has it, and where, as problems of a request name a field. */
function fieldOf(manager: PackageManager, name: string, packages: Packages): string | undefined {
  const at = (list: readonly Package[]) =>
    list.findIndex((each) => canonical(manager, each.name) === canonical(manager, name));
  const own = at(packages[manager]);
  if (own >= 0) return `spec.packages.${manager}.${own}`;
  const isSystem = manager === 'apt' || manager === 'apk' || manager === 'dnf';
  const tool = isSystem ? at(packages.tools) : -1;
  return tool < 0 ? undefined : `spec.packages.tools.${tool}`;
}

/** BuildKit puts a step's number and its seconds before what the step prints. */
const numbered = /^#(\d{1,6}) (?:\d+\.\d+ )?(.*)$/;
const begins = /^(?:\[\d+\/\d+\] )?STEP \d+(?:\/\d+)?: /;

/** What the step printed that failed; where none is told, the phase. What the proxy refused is told behind it. */
function ofWhatFailed(lines: readonly string[]): string[] {
  const phase = lines.slice(lines.findLastIndex((line) => / Entering phase (?!POST_BUILD)/.test(line)) + 1);
  const number = phase
    .map((line) => /^#(\d{1,6}) ERROR: /.exec(line)?.[1])
    .findLast((found) => found !== undefined);
  const refused = phase.filter((line) => line.startsWith('[egress] '));
  if (number !== undefined) {
    const own = phase.flatMap((line) => {
      const [, of, text] = numbered.exec(line) ?? [];
      return of === number && text !== undefined ? [text] : [];
    });
    return [...own, ...refused];
  }
  return phase.slice(failedStep(phase) + 1);
}

/** Stages of buildah go on beside the one that fails: the step that it names is not always the one that began last. */
function failedStep(phase: readonly string[]): number {
  const named = phase.map((line) => /^Error: building at STEP "(.*)/.exec(line)?.[1]).findLast(Boolean);
  const isNamed = (line: string) => named !== undefined && isSame(line.replace(begins, ''), named);
  const own = phase.findLastIndex((line) => begins.test(line) && isNamed(line));
  return own === -1 ? phase.findLastIndex((line) => begins.test(line)) : own;
}

/** Long ones are cut, each where its line is. @param named with the quote behind it, and what went wrong. */
function isSame(step: string, named: string): boolean {
  const whole = (text: string) => (text.endsWith(cutMark) ? text.slice(0, -cutMark.length) : text);
  const quoted = step === whole(step) ? `${step}"` : whole(step);
  return named.startsWith(quoted) || (named !== whole(named) && step.startsWith(whole(named)));
}

/** Said of any failure: by CodeBuild and buildah, by BuildKit, and by what each installer adds. */
const noise =
  /^(?:\[Container\]|STEP |-->|-{4,}|subprocess exited|exit status|Error: (?:building at STEP|exit status)|time=|ERROR: (?:process |failed to (?:solve|build)|buildah )|npm (?:ERR!|error) A complete log|\[notice\])/;
const telling =
  /\b(?:errors?|ERR!|fail(?:ed|ure)?|fatal|denied|refused|cannot|can't|could not|has no|not found|no such|No space|unable|exception|may not)\b|^E: /i;

function tellingLines(lines: readonly string[]): string[] {
  const cleaned = lines.map(clean).filter((line) => line !== '' && !noise.test(line));
  const told = cleaned.filter((line) => telling.test(line));
  return [...new Set(told.length > 0 ? told : cleaned.slice(-1))].slice(-linesTold);
}

/** What no log should have, and a reason that is kept for long never. */
const secrets: readonly (readonly [RegExp, string])[] = [
  [/(\/\/)[^/\s@]+@/g, '$1…@'],
  [/\b((?:proxy-)?authorization: *\w+ )\S+/gi, '$1…'],
  [/\b(X-Amz-(?:Signature|Credential|Security-Token)=)[^&\s'"]+/gi, '$1…'],
  [/\b(\w*(?:password|passwd|token|secret|api_?key)\w*["']?\s*[=:]\s*["']?)[^\s'"&]+/gi, '$1…'],
  [/\b(?:AKIA|ASIA)[A-Z0-9]{16}\b/g, '…'],
];

function clean(line: string): string {
  const plain = line.replace(/[\p{Cc}\p{Cf}\s]+/gu, ' ').trim();
  const told = secrets.reduce((text, [pattern, by]) => text.replace(pattern, by), plain);
  return told.length > lineLength ? `${told.slice(0, lineLength - 1)}…` : told;
}
