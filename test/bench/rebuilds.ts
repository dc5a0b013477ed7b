/**
 * `rebuild-added-package/…`: what one package more costs where it is not pip's favourable case, and where the machine has no layers, as each
 * of CodeBuild's: all from the registry's cache. Beside the same image cold, in turn; nothing of one run helps the next.
 */

import { Spec } from '#core/spec.ts';
import { keyOf } from '../contracts/samples.ts';
import { Builder, type Built, besideCold } from './builds.ts';
import type { BenchCloud } from './cloud.ts';
import { atMost, type Entry, recorded } from './entry.ts';

const runs = 3;

interface Lists {
  readonly apt: readonly string[];
  readonly pip: readonly string[];
  readonly npm: readonly string[];
}
interface Kind {
  readonly name: string;
  readonly says: string;
  readonly before: Lists;
  readonly after: Lists;
  readonly hasLayers: boolean;
  /** Undefined where what is added stands before all that others ask for. */
  readonly aim?: number;
}

const few: Lists = {
  apt: ['curl', 'git', 'jq'],
  pip: ['flask', 'pandas', 'requests', 'rich'],
  npm: ['express', 'typescript'],
};
const seven = [...few.pip, 'zipp', 'pyyaml', 'httpx'];

/** core/parts.ts: with eight the second part has four. */
const kinds: readonly Kind[] = [
  {
    name: 'pip-eighth',
    says: 'an eighth of pip, whose part has three more to be made',
    aim: 0.35,
    before: { ...few, pip: seven },
    after: { ...few, pip: [...seven, 'attrs'] },
    hasLayers: true,
  },
  {
    name: 'npm',
    says: 'a third of npm, which has no parts',
    aim: 0.35,
    before: few,
    after: { ...few, npm: [...few.npm, 'debug'] },
    hasLayers: true,
  },
  {
    name: 'apt',
    says: 'a fourth of apt, upon which all else stands',
    before: few,
    after: { ...few, apt: [...few.apt, 'tree'] },
    hasLayers: true,
  },
  {
    name: 'registry',
    says: "a fifth of pip, on a machine without layers: all that is not new is from the registry's cache",
    before: few,
    after: { ...few, pip: [...few.pip, 'zipp'] },
    hasLayers: false,
  },
];

const specOf = ({ apt, pip, npm }: Lists) => {
  const list = (names: readonly string[]) => names.map((name) => ({ name }));
  const packages = { apt: list(apt), pip: list(pip), npm: list(npm) };
  return Spec.parse({ base: 'debian-12', packages, command: ['python3', '-m', 'http.server'] });
};

export async function rebuilds(cloud: BenchCloud): Promise<Entry[]> {
  const builder = await Builder.of(cloud);
  const entries: Entry[] = [];
  for (const kind of kinds) {
    const cold: Built[] = [];
    const again: Built[] = [];
    for (let run = 0; run < runs; run++) {
      const [one, other] = [keyOf('bench', `${kind.name}-c${run}`), keyOf('bench', `${kind.name}-a${run}`)];
      const forget = () => (kind.hasLayers ? undefined : newMachine(cloud));
      const [before, after] = [specOf(kind.before), specOf(kind.after)];
      await forget();
      cold.push(await builder.build(one, 1, builder.generated(one, after)));
      await builder.build(other, 1, builder.generated(other, before));
      await forget();
      again.push(await builder.build(other, 2, builder.generated(other, after)));
    }
    const entry = { name: `rebuild-added-package/${kind.name}`, ...besideCold(again, cold, kind.says) };
    entries.push(kind.aim === undefined ? recorded(entry) : atMost(kind.aim, entry));
  }
  return entries;
}

async function newMachine({ cloud: { services } }: BenchCloud): Promise<void> {
  const answer = await fetch(`${services}/build/machine`, { method: 'POST' });
  if (!answer.ok) throw new Error(`no machine without layers: ${answer.status} ${await answer.text()}`);
}
