/** Whom an application runs as: its image has that user, and its pods name it. */

/** `restricted` pod security wants a number that is not root's. */
export const appUser = 10001;
