/**
 * What an image is made of, as one text: the Dockerfile with its base's digest and its security epoch, and the files.
 * Who asks for the same again, and has had its image released, needs no second build: taken.ts.
 */
import { type BuildInput, buildContext } from './dockerfile.ts';

/**
 * Without fixes: an image that had to be rebuilt with some is still the one that this spec came to. The base is its digest,
 * however its registry is called: a plan does not know that.
 */
export const contentOf = (input: BuildInput): string => {
  const { baseImage } = input;
  const base = baseImage.slice(baseImage.lastIndexOf('@') + 1);
  return JSON.stringify(Object.entries(buildContext({ ...input, baseImage: base, fixes: [] })).sort());
};
