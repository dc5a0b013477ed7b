/** Environment variables of the DNS stage. */
import * as z from 'zod';

export const Env = z.object({ TABLE_NAME: z.string().min(1), HOSTED_ZONE_ID: z.string().min(1) });
