/** Amounts as Kubernetes writes them back (its canonical form): what is applied and what is read then compare as text. */

/** Thousandths of a core, or whole cores. */
export function cpuQuantity(cores: number): string {
  const milli = Math.round(cores * 1000);
  return milli % 1000 === 0 ? String(milli / 1000) : `${milli}m`;
}

/** In the largest binary unit that holds it whole. */
export function memoryQuantity(mebibytes: number): string {
  let [amount, unit] = [mebibytes, 0];
  while (amount > 0 && amount % 1024 === 0 && unit < units.length - 1)
    [amount, unit] = [amount / 1024, unit + 1];
  return `${amount}${units[unit]}`;
}

const units = ['Mi', 'Gi', 'Ti', 'Pi'];

/** Of text that is written so. What is not, counts as nothing. */
export function amountOf(text: string): number {
  const [, number = '0', unit = ''] = /^(\d+)(m|[KMGTP]i)?$/.exec(text) ?? [];
  if (unit === 'm') return Number(number) / 1000;
  return Number(number) * (unit === '' ? 1 : 1024 ** (1 + 'KMGTP'.indexOf(unit.charAt(0))));
}
