/**
 * Base scores of CVSS 3.0 and 3.1 vectors, by the equations of the specification (section 7.1), and the
 * severities that it gives to scores (section 5).
 */
export type Severity = 'CRITICAL' | 'HIGH' | 'MEDIUM' | 'LOW' | 'INFORMATIONAL';

const weights = {
  AV: { N: 0.85, A: 0.62, L: 0.55, P: 0.2 },
  AC: { L: 0.77, H: 0.44 },
  UI: { N: 0.85, R: 0.62 },
  C: { H: 0.56, L: 0.22, N: 0 },
  I: { H: 0.56, L: 0.22, N: 0 },
  A: { H: 0.56, L: 0.22, N: 0 },
} as const;
const privileges = {
  U: { N: 0.85, L: 0.62, H: 0.27 },
  C: { N: 0.85, L: 0.68, H: 0.5 },
} as const;

export function baseScore(vector: string): number {
  const [version, ...parts] = vector.split('/');
  if (version !== 'CVSS:3.0' && version !== 'CVSS:3.1')
    throw new RangeError(`«${vector}» is no CVSS 3 vector`);
  const metrics = new Map(parts.map((part) => [part.split(':')[0] ?? '', part.split(':')[1] ?? '']));
  const weigh = (table: Readonly<Record<string, number>>, metric: string): number => {
    const weight = table[metrics.get(metric) ?? ''];
    if (weight === undefined) throw new RangeError(`«${vector}»: ${metric} is missing or unknown`);
    return weight;
  };
  const scope = metrics.get('S');
  if (scope !== 'U' && scope !== 'C') throw new RangeError(`«${vector}»: S is missing or unknown`);

  const iss = 1 - (1 - weigh(weights.C, 'C')) * (1 - weigh(weights.I, 'I')) * (1 - weigh(weights.A, 'A'));
  const impact = scope === 'U' ? 6.42 * iss : 7.52 * (iss - 0.029) - 3.25 * (iss - 0.02) ** 15;
  const exploitability =
    8.22 *
    weigh(weights.AV, 'AV') *
    weigh(weights.AC, 'AC') *
    weigh(privileges[scope], 'PR') *
    weigh(weights.UI, 'UI');
  if (impact <= 0) return 0;
  const sum = (scope === 'U' ? 1 : 1.08) * (impact + exploitability);
  return roundUp(Math.min(sum, 10), version);
}

/** 3.1 words rounding up over integers, so that 4.000000000000001 does not become 4.1 (appendix A). */
function roundUp(value: number, version: string): number {
  if (version === 'CVSS:3.0') return Math.ceil(value * 10) / 10;
  const scaled = Math.round(value * 100_000);
  return scaled % 10_000 === 0 ? scaled / 100_000 : (Math.floor(scaled / 10_000) + 1) / 10;
}

export function severityOf(score: number): Severity {
  if (score >= 9) return 'CRITICAL';
  if (score >= 7) return 'HIGH';
  if (score >= 4) return 'MEDIUM';
  return score > 0 ? 'LOW' : 'INFORMATIONAL';
}
