/** Entry of the custom resource that turns the tag of an image asset into its digest, once, when it is deployed. */
import { EcrScanner } from '#adapters/aws/scanner.ts';
import { parse, Rejected } from '#core/errors.ts';
import * as z from '#core/zod.ts';
import { customResource } from '../runtime/custom-resource.ts';

const Properties = z.object({
  Repository: z.string().check(z.minLength(1)),
  Tag: z.string().check(z.minLength(1)),
});
const registry = new EcrScanner();

export const handler = customResource({
  stage: 'image-digest',
  physicalId: () => 'image-digest',
  work: async (request) => {
    if (request.RequestType === 'Delete') return undefined;
    const { Repository, Tag } = parse(Properties, request.ResourceProperties, 'the properties of an image');
    const image = await registry.imageByTag(Repository, Tag);
    if (!image) throw new Rejected(`${Repository}:${Tag} is not in the registry: were the assets published?`);
    return { Digest: image.digest };
  },
});
