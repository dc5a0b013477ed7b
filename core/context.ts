/** What a build is given: a Dockerfile with the person's files, or the place in Git where it finds both. */
import { dockerfile, dockerfileOf } from './dockerfile.ts';
import { unreachable } from './errors.ts';
import type { BuildInput } from './instruction.ts';
import type { GitSource } from './source.ts';
import { defaultPort, type Spec } from './spec.ts';

export type Making =
  | ({ readonly from: 'base' } & BuildInput)
  | ({ readonly from: 'image' } & Pick<BuildInput, 'key' | 'spec'> & {
        /** In our registry, with its digest. */
        readonly image: string;
      })
  | ({ readonly from: 'git'; readonly git: GitSource } & Pick<BuildInput, 'key' | 'epoch'>);

/** Of a repository only where it is: the build itself fetches it. */
export function buildContext(making: Making): Readonly<Record<string, string>> {
  switch (making.from) {
    case 'base': {
      const files = Object.entries(making.spec.files).map(([path, text]) => [`files/${path}`, text]);
      return { Dockerfile: dockerfile(making), ...Object.fromEntries(files) };
    }
    case 'image':
      return { Dockerfile: dockerfileOf(making.image, making) };
    case 'git':
      return { 'source.json': `${JSON.stringify({ ...making.git, epoch: making.epoch }, undefined, 2)}\n` };
    default:
      return unreachable(making);
  }
}

/**
 * What an image is made of, as one text: the Dockerfile with its base's digest and its security epoch, and the files; or the
 * commit, and the epoch for what its Dockerfile installs. Who asks for the same again, and has had its image released, needs
 * no second build: taken.ts. Without fixes: an image that had to be rebuilt with some is still the one that this spec came
 * to. Without the port, of which the cluster tells it. What it is built from is its digest, however its registry is called: a plan does not know that.
 */
export const contentOf = (making: Making): string =>
  JSON.stringify(Object.entries(buildContext(bare(making))).sort());

function bare(making: Making): Making {
  switch (making.from) {
    case 'base':
      return {
        ...making,
        spec: anyPort(making.spec),
        baseImage: digestIn(making.baseImage),
        fixes: [],
      };
    case 'image':
      return { ...making, spec: anyPort(making.spec), image: digestIn(making.image) };
    case 'git':
      return making;
    default:
      return unreachable(making);
  }
}

const anyPort = (spec: Spec): Spec => ({ ...spec, port: defaultPort });
const digestIn = (image: string): string => image.slice(image.lastIndexOf('@') + 1);
