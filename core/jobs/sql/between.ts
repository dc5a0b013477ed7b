/**
 * A value between two of a key's column, as near to where it is wanted as its type lets us reckon. Only the size of what is cut
 * there depends on it: the database itself says which keys are before it.
 */

/** Of the way from the one to the other: so many of so many parts, at least one of two. */
export interface Share {
  readonly part: number;
  readonly of: number;
}

type Numbers = {
  /** Undefined for what is none of the type's values as we know them. */
  readonly from: (text: string) => bigint | undefined;
  readonly to: (number: bigint) => string;
};

/** @returns undefined where it can't be reckoned: the order of the type is not known here, or not the order of these two. */
export function between(type: string, low: string, high: string, share: Share): string | undefined {
  if (type === 'CHAR') return betweenTexts(low, high, share);
  const numbers = numbersOf(type, low, high);
  const [from, to] = [numbers?.from(low), numbers?.from(high)];
  if (numbers === undefined || from === undefined || to === undefined || from >= to) return undefined;
  return numbers.to(at(from, to, share));
}

const at = (from: bigint, to: bigint, { part, of }: Share): bigint =>
  from + ((to - from) * BigInt(part)) / BigInt(of);

function numbersOf(type: string, low: string, high: string): Numbers | undefined {
  if (type === 'BINARY') return bytes(Math.max(low.length, high.length) / 2 + 1);
  if (type === 'UUID') return uuids;
  if (type === 'DOUBLE') return doubles;
  if (type === 'DATE') return instants(10);
  if (type.startsWith('DATETIME')) return instants(26);
  const scale = Number(
    /^DECIMAL\(\d+,(\d+)\)$/.exec(type)?.[1] ?? (/^(?:UN)?SIGNED$/.test(type) ? 0 : Number.NaN),
  );
  return Number.isNaN(scale) ? undefined : decimals(scale);
}

const decimals = (scale: number): Numbers => ({
  from(text) {
    const [, sign = '', whole = '', fraction = ''] = /^(-?)(\d+)(?:\.(\d+))?$/.exec(text) ?? [];
    if (whole === '') return undefined;
    const number = BigInt(whole + fraction.padEnd(scale, '0').slice(0, scale));
    return sign === '' ? number : -number;
  },
  to(number) {
    const digits = String(number < 0n ? -number : number).padStart(scale + 1, '0');
    const whole = digits.slice(0, digits.length - scale);
    return `${number < 0n ? '-' : ''}${whole}${scale === 0 ? '' : `.${digits.slice(digits.length - scale)}`}`;
  },
});

/** By their bits, which ascend with them: so a few very large ones do not take all the steps. */
const doubles: Numbers = {
  from(text) {
    const view = new DataView(new ArrayBuffer(8));
    view.setFloat64(0, Number(text));
    const bits = view.getBigInt64(0);
    return bits < 0n ? -(bits & 0x7fff_ffff_ffff_ffffn) : bits;
  },
  to(number) {
    const view = new DataView(new ArrayBuffer(8));
    view.setBigInt64(0, number < 0n ? -number : number);
    const size = view.getFloat64(0);
    return String(number < 0n ? -size : size);
  },
};

/** Digits of hexadecimal numbers, one byte longer than the longer one: so there is always one between. */
const bytes = (length: number): Numbers => ({
  from: (text) => (/^[0-9A-Fa-f]*$/.test(text) ? BigInt(`0x0${text.padEnd(2 * length, '0')}`) : undefined),
  to: (number) =>
    number
      .toString(16)
      .padStart(2 * length, '0')
      .toUpperCase(),
});

/** MariaDB sorts the last group first, and the first one last (versions 1 to 5: Data types, UUID). */
const turned = (groups: readonly string[]): string => groups.toReversed().join('');
const uuids: Numbers = {
  from(text) {
    const groups = text.split('-');
    return groups.length === 5 ? BigInt(`0x${turned(groups)}`) : undefined;
  },
  to(number) {
    const hex = number.toString(16).padStart(32, '0');
    const groups = [hex.slice(0, 12), hex.slice(12, 16), hex.slice(16, 20), hex.slice(20, 24), hex.slice(24)];
    return groups.toReversed().join('-');
  },
};

/** Of microseconds. Years, months and days that are none (`0000-00-00`) are before all others, which is where they sort. */
const instants = (length: number): Numbers => ({
  from(text) {
    const [, date = '', time = '00:00:00', fraction = ''] =
      /^(\d{4}-\d\d-\d\d)(?: (\d\d:\d\d:\d\d)(?:\.(\d+))?)?$/.exec(text) ?? [];
    const ms = Date.parse(`${date}T${time}Z`);
    return (
      BigInt(Number.isNaN(ms) ? Date.parse('0000-01-01T00:00:00Z') : ms) * 1000n +
      BigInt(fraction.padEnd(6, '0').slice(0, 6))
    );
  },
  to(number) {
    const micros = ((number % 1_000_000n) + 1_000_000n) % 1_000_000n;
    const seconds = new Date(Number((number - micros) / 1000n)).toISOString();
    const text = `${seconds.slice(0, 10)} ${seconds.slice(11, 19)}.${String(micros).padStart(6, '0')}`;
    return text.slice(0, length);
  },
});

/** What texts are made of, as most collations have it: letters are one, whatever their case. */
const alphabet = ` !"#$%&'()*+,-./0123456789:;<=>?@[\\]^_\`abcdefghijklmnopqrstuvwxyz{|}~`;
const digitsAtOnce = 12;

/** Behind what both begin with, as numbers whose digits are letters. */
function betweenTexts(low: string, high: string, share: Share): string | undefined {
  const [a, b] = [low.toLowerCase(), high.toLowerCase()];
  let same = 0;
  while (same < a.length && a[same] === b[same]) same += 1;
  const from = numberOf(a.slice(same));
  const to = numberOf(b.slice(same));
  return from < to ? low.slice(0, same) + textOf(at(from, to, share)) : undefined;
}

function numberOf(text: string): bigint {
  let number = 0n;
  for (let i = 0; i < digitsAtOnce; i++) {
    const char = text[i];
    const digit = char === undefined ? 0 : alphabet.indexOf(char);
    number = number * BigInt(alphabet.length) + BigInt(digit === -1 ? alphabet.length - 1 : digit);
  }
  return number;
}

function textOf(number: bigint): string {
  let text = '';
  for (let rest = number, i = 0; i < digitsAtOnce; i++, rest /= BigInt(alphabet.length))
    text = (alphabet[Number(rest % BigInt(alphabet.length))] ?? '') + text;
  return text.trimEnd();
}
