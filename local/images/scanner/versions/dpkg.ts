/**
 * Order of Debian versions, as dpkg has it (deb-version(7)): epoch, then upstream version, then revision;
 * in each, runs of non-digits and of digits alternate, letters sort before other signs, and `~` before the end.
 */
interface DebianVersion {
  readonly epoch: number;
  readonly upstream: string;
  readonly revision: string;
}

export function parseDebianVersion(text: string): DebianVersion {
  const match = /^(?:(\d+):)?([0-9A-Za-z.+~:-]+?)(?:-([0-9A-Za-z.+~]+))?$/.exec(text);
  if (!match?.[2]) throw new RangeError(`«${text}» is no Debian version`);
  return { epoch: Number(match[1] ?? 0), upstream: match[2], revision: match[3] ?? '' };
}

export function compareDebian(left: string, right: string): number {
  const a = parseDebianVersion(left);
  const b = parseDebianVersion(right);
  // dpkg takes an absent revision for `0`, and an empty string sorts just as `0` does.
  return a.epoch - b.epoch || comparePart(a.upstream, b.upstream) || comparePart(a.revision, b.revision);
}

const signsThenDigits = /^(\D*)(\d*)/;

function comparePart(left: string, right: string): number {
  let [a, b] = [left, right];
  while (a !== '' || b !== '') {
    const [takenA = '', signsA = '', digitsA = ''] = signsThenDigits.exec(a) ?? [];
    const [takenB = '', signsB = '', digitsB = ''] = signsThenDigits.exec(b) ?? [];
    const difference = compareSigns(signsA, signsB) || compareNumbers(digitsA, digitsB);
    if (difference !== 0) return difference;
    a = a.slice(takenA.length);
    b = b.slice(takenB.length);
  }
  return 0;
}

function compareSigns(a: string, b: string): number {
  for (let i = 0; i < Math.max(a.length, b.length); i++) {
    const difference = weight(a[i]) - weight(b[i]);
    if (difference !== 0) return difference;
  }
  return 0;
}

function weight(sign: string | undefined): number {
  if (sign === undefined) return 0;
  if (sign === '~') return -1;
  return /[A-Za-z]/.test(sign) ? sign.charCodeAt(0) : sign.charCodeAt(0) + 256;
}

/** Numbers of any length: a date with a time does not fit a double. */
export function compareNumbers(left: string, right: string): number {
  const a = left.replace(/^0+/, '');
  const b = right.replace(/^0+/, '');
  if (a.length !== b.length) return a.length - b.length;
  return a === b ? 0 : a < b ? -1 : 1;
}
