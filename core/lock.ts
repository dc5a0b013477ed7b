/** Where the lock of a build is kept: in the environment's own cache repository, by what it is built of. */
import type { Making } from './context.ts';
import { lockPrefix } from './image.ts';
import { hasLock } from './language-stages.ts';

/**
 * The tag, the same for all builds of one content, which has the epoch in it: what is built again within one is built of the same
 * releases, whatever became of the cache, and the first build of the next looks them up anew.
 * @param content its SHA-256, in hexadecimal digits.
 */
export const lockTagOf = (making: Making, content: string): string | undefined =>
  making.from === 'base' && hasLock(making) ? `${lockPrefix}${content.slice(0, 32)}` : undefined;

/** The file of a build's context that names the lock to install from; without it all is looked up. */
export const lockedFile = 'locked';
