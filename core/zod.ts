/**
 * zod, set up once: all files have it from here. It is the small one. What `zod` has beside it, methods for everything
 * and a compiler of schemas, would be a part of each cold start (docs/adr/0018).
 */
import { en } from 'zod/locales';
import { config } from 'zod/mini';

// Without it every complaint reads "Invalid input".
config(en());

export * from 'zod/mini';
