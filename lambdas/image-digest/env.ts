/** Environment variables of the custom resource that turns an image's tag into its digest: there are none. */
import * as z from '#core/zod.ts';

export const Env = z.object({});
