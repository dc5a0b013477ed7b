/** What a snapshot is called by its driver. EBS's are called so: `snap-` and 17 hexadecimal digits. */
import { createHash } from 'node:crypto';

export const handleOf = (uid: string): string =>
  `snap-${createHash('sha256').update(uid).digest('hex').slice(0, 17)}`;

export const isHandle = (text: string): boolean => /^snap-[0-9a-f]{17}$/.test(text);
