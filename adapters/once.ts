/** What few invocations need is made by the first that does, and kept: it is no part of every cold start. */
export function once<T extends object>(make: () => T): () => T {
  let made: T | undefined;
  return () => {
    made ??= make();
    return made;
  };
}
