/** Environment variables of the promoter. */
import * as z from 'zod';

export const Env = z.object({ TABLE_NAME: z.string().min(1) });
