/** A command as people write it: run as it is, by no shell. */
import * as z from '../zod.ts';

const Word = z.string().check(
  z.minLength(1),
  z.maxLength(4096),
  z.refine((word) => !word.includes('\0'), 'no NUL'),
);

export const Command = z.array(Word).check(z.minLength(1), z.maxLength(64));
