/** For how many days is kept what is told of environments, also of those that are gone: the stacks and the history say the same. */
export const keptDays = {
  /** Of scans: a report is written anew at each verdict on its image. */
  reports: 365,
  /** What builds were given. */
  contexts: 7,
  /** Of builds, as all logs. */
  logs: 30,
  /** How long each step of a build took, and who logged in. Longer than most ask for what was done by whom. */
  records: 400,
  /** Of CSV that was read over: whoever reads it again within these days need not. */
  quotes: 90,
} as const;

/** Of an environment that is gone: what is told of it is no part of it, and goes by itself. */
export const staysBehind = `what is told of it stays for whoever looks into it, and then goes: build contexts for ${keptDays.contexts} days, build logs for ${keptDays.logs}, reports of scans for ${keptDays.reports}, times of build steps and SSH sessions for ${keptDays.records}; its history stays`;
