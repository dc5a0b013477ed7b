/** Environment variables of the pager. */
import * as z from 'zod';

export const Env = z.object({ TOPIC_ARN: z.string().min(1) });
