/** Of a language's packages: the stages that make its folder, in parts (parts.ts), from what is locked, and how the image takes it. */
import { addressOf, isIndexed } from './indexes.ts';
import { type BuildInput, byName, run, wantedOf } from './instruction.ts';
import { type How, type Language, type Lock, type LockPart, languages, type More } from './languages.ts';
import type { Package, PackageManager } from './packages.ts';
import { partsOf } from './parts.ts';
import { installing, waivedOf } from './young.ts';

const isLocked = (input: BuildInput, { manager, lock }: Language): boolean =>
  lock !== undefined && wantedOf(input, manager).kept.length > 0;

/** Whether what is made of it says what it was resolved to. */
export const hasLock = (input: BuildInput): boolean =>
  languages.some((language) => isLocked(input, language));

/** Where a verdict asks for something all is one part: nothing of before is to be taken from there on. */
function partedOf(input: BuildInput, { manager, more }: Language) {
  const { kept, pinned } = wantedOf(input, manager);
  const [first = [], ...later] = more === undefined || pinned.length > 0 ? [kept] : partsOf(kept);
  return { first: [...first].sort(byName), later, pinned };
}

/** Of a build of the same without fixes. */
const countOfParts = ({ spec }: BuildInput, { manager, more }: Language): number =>
  more === undefined ? 1 : partsOf(spec.packages[manager]).length;

const stageOf = ({ manager }: Language, part: number): string =>
  part === 1 ? manager : `${manager}-${part}`;

const howOf = (input: BuildInput, manager: PackageManager): How => {
  const tells = isIndexed(manager) && (input.indexes?.[manager].tellsAge ?? true);
  const address = isIndexed(manager) && input.indexes ? addressOf(manager, input.indexes) : undefined;
  return { index: address, before: tells ? input.tooYoungFrom : undefined };
};

/**
 * What the spec asks for, from what is old enough; then the fixes of a verdict, whatever their age: what they mend is known, and
 * may be abused already.
 */
function installOf(input: BuildInput, language: Language): string[] {
  const { manager, cache, prepare, install, check, finish } = language;
  const how = howOf(input, manager);
  const { first: kept, pinned } = partedOf(input, language);
  const young = youngOf(input, language, kept);
  const lock = isLocked(input, language) ? language.lock : undefined;
  const count = countOfParts(input, language);
  const part = pinned.length > 0 && count > 1 ? { allOf: count } : 1;
  const fixing = { before: undefined, part: 'fix', asked: input.spec.packages[manager] } as const;
  const steps = [
    // What it installed is not looked up by what follows.
    ...(lock === undefined ? [] : [lockedFirst(lock, { ...how, asked: kept }, part)]),
    ...(kept.length === 0 ? [] : installing(language, kept, how, young)),
    ...(pinned.length === 0 ? [] : [install(pinned, { ...how, ...fixing })]),
    ...(pinned.length > 0 && kept.length > 0 && check !== undefined ? [check] : []),
    ...(lock === undefined ? [] : [lock.keep(part, young.length > 0)]),
    ...(finish === undefined ? [] : [finish]),
  ];
  return [
    ...(prepare === undefined ? [] : [run(input, manager, [cache], prepare(how))]),
    run(input, manager, [cache], steps.join(' && '), { secret: lock?.secret }),
  ];
}

/** Those whose age is asked and waived. */
const youngOf = (input: BuildInput, { manager }: Language, packages: readonly Package[]): Package[] =>
  howOf(input, manager).before === undefined ? [] : waivedOf(manager, packages, input.waived ?? []);

/** @param builder the stage that has the spec's tools. */
export const stagesOf = (input: BuildInput, language: Language, builder: string): string[] => [
  `FROM ${builder} AS ${language.manager}`,
  ...installOf(input, language),
  ...laterOf(input, language),
];

/** Each asks for all up to its own, of which most is there: what does not go with the rest is changed. */
function laterOf(input: BuildInput, language: Language): string[] {
  const { more } = language;
  const { first, later } = partedOf(input, language);
  if (more === undefined) return [];
  return later.flatMap((own, i) => {
    const [before, number] = [i + 1, i + 2];
    const all = [...first, ...later.slice(0, before).flat()].sort(byName);
    const part = laterPart(input, language, { more, number, own, all });
    return [`FROM ${stageOf(language, before)} AS ${stageOf(language, number)}`, part];
  });
}

interface LaterPart {
  readonly more: More;
  readonly number: number;
  readonly own: readonly Package[];
  readonly all: readonly Package[];
}

function laterPart(input: BuildInput, language: Language, { more, number, own, all }: LaterPart): string {
  const { manager, cache, lock } = language;
  const how: How = { ...howOf(input, manager), part: number };
  const young = youngOf(input, language, own);
  const steps = [
    more.begin,
    ...(lock === undefined ? [] : [lockedFirst(lock, how, number)]),
    ...installing(language, all, how, young),
    ...(lock === undefined ? [] : [lock.keep(number, young.length > 0)]),
    more.end,
  ];
  return run(input, manager, [cache], steps.join(' && '), { secret: lock?.secret });
}

export function takenOf(input: BuildInput, language: Language): string[] {
  const { manager, folder, more } = language;
  const { later } = partedOf(input, language);
  const first = `COPY --from=${manager} ${folder} ${folder}`;
  if (more === undefined || later.length === 0) return [first];
  const others = later.map((_, i) => `COPY --from=${stageOf(language, i + 2)} ${more.folder} ${folder}`);
  return [first, ...others, `RUN ${more.clean}`];
}

/** What is not there any more, or is not what it was, ends the build: a person says what then. */
const lockedFirst = ({ secret, again }: Lock, how: How, part: LockPart): string =>
  `test ! -s /run/secrets/${secret} || ${again(how, part)} || { echo 'What this was built from before can not be had as it was. A rebuild without the cache looks it up anew.' >&2; exit 1; }`;
