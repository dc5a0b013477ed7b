/**
 * The story that a change is part of: from a request or a push by hand until it is Ready, or one incident from its
 * beginning to its end. One id is carried by the environment, its events, looks, audit lines and log lines.
 */
import type { Digest, Instant } from './names.ts';
import * as z from './zod.ts';

export const StoryId = z.string().check(z.minLength(1), z.maxLength(200));

/** Absent where it is not known: what was written before there were stories is read like everything else. */
export const origin = {
  story: z.optional(StoryId),
  /** The id of the message or request that made the change: log lines have it too. */
  cause: z.optional(z.string().check(z.minLength(1), z.maxLength(200))),
};

/** The newest image's story, and that of what runs. */
export const Stories = z.object({ candidate: z.optional(StoryId), release: z.optional(StoryId) });
type Stories = z.infer<typeof Stories>;

/** The same whichever event told of the push first, and however often it was told. */
export const storyOfPush = (image: { readonly digest: Digest; readonly pushedAt: Instant }): string =>
  `push/${image.digest.slice(7, 19)}/${image.pushedAt}`;

/**
 * Of what runs: until it is Ready the story that brought it there, afterwards the incident that is open, if one is.
 * @param incidents open ones, and those that end with this change.
 */
export function releaseStory(
  {
    release,
    stories,
  }: { readonly release: { readonly phase: string }; readonly stories?: Stories | undefined },
  incidents: readonly { readonly id: string }[] = [],
): string | undefined {
  const incident = release.phase === 'deploying' ? undefined : incidents[0]?.id;
  return incident ?? stories?.release;
}
