/** What a step of a build may print: as BuildKit does it, what is beyond the limit is cut, and the step goes on. */

/** BuildKit's own (util/progress/logs: `BUILDKIT_STEP_LOG_MAX_SIZE`), which lib/stages/buildspec.ts says too. */
export const stepLimitBytes = 2 * 1024 * 1024;

const step = /^(?:\[\d+\/\d+\] )?STEP \d+(?:\/\d+)?: /;

/** @returns what of each piece is to be printed; both streams of a build share one. */
export function clipSteps(limit = stepLimitBytes): (piece: string) => string {
  let printed = 0;
  let isCut = false;
  return (piece) => {
    // Nothing of it is printed: a gigabyte of short lines is not taken apart for that.
    if (isCut && !piece.includes('STEP ')) return '';
    return piece
      .split(/(?<=\n)/)
      .map((line) => {
        if (step.test(line)) {
          printed = 0;
          isCut = false;
        }
        if (isCut) return '';
        printed += Buffer.byteLength(line);
        if (printed <= limit) return line;
        isCut = true;
        return `[output clipped, log limit ${limit} bytes reached]\n`;
      })
      .join('');
  };
}
