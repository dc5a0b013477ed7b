/** An environment in words: what runs, what waits for whom, what blocks, what happened. */
import { type EnvironmentAnswer, explain } from '../api/client/client.ts';

const short = (digest: string): string => digest.slice(0, 19);

export function statusText({
  environment,
  phase,
  url,
  verdict,
  warnings,
  history,
}: EnvironmentAnswer): string {
  const { key, cluster, dns, incidents, release } = environment;
  const ssh = sshText(environment);
  return [
    `${key.team}/${key.name} in cluster ${cluster}: ${phase} (version ${environment.version})`,
    `  image    ${candidateText(environment)}`,
    ...(verdict ? verdictLines(verdict) : []),
    ...warningLines(warnings),
    `  running  ${releaseText(release)}`,
    ...(dns ? [`  address  ${url ?? dns.name} → ${dns.target}`] : []),
    ...(ssh === undefined ? [] : [`  ssh      ${ssh}`]),
    ...timeLines(environment),
    ...leavingLines(environment),
    ...incidents.map(
      (incident) => `  INCIDENT ${incident.kind} since ${incident.openedAt}: ${incident.summary}`,
    ),
    '  history',
    ...history.map(({ at, actor, what }) => `    ${at}  ${actor.padEnd(8)} ${what}`),
  ].join('\n');
}

export const warningLines = (warnings: EnvironmentAnswer['warnings'] = []): string[] =>
  warnings.map(({ path, message }) => `  WARNING  ${path}: ${message}`);

/** As it is typed, with what `ssh` shows at the first time. */
function sshText({ spec, dns, sshHostKey }: EnvironmentAnswer['environment']): string | undefined {
  if (!spec.access.ssh) return undefined;
  if (!dns || !sshHostKey) return 'it has no SSH server yet';
  return `ssh app@${dns.name}, whose host key is ${sshHostKey.fingerprint}`;
}

function timeLines({ spec, expiry, hours }: EnvironmentAnswer['environment']): string[] {
  const { workingHours: its } = spec;
  const refused = hours?.refused === undefined ? '' : `; not started: ${hours.refused}`;
  return [
    ...(expiry ? [`  ends     ${expiry.at}, and is deleted then (ttl ${spec.ttl})`] : []),
    ...(its
      ? [
          `  hours    ${its.days.join(' ')} ${its.from}–${its.to} ${its.timeZone}; next ${hours?.lookAt}${refused}`,
        ]
      : []),
  ];
}

const leavingLines = ({ key, leaving }: EnvironmentAnswer['environment']): string[] =>
  leaving
    ? [
        leaving.state === 'offered'
          ? `  goes     offered to team ${leaving.to}`
          : `  goes     accepted by team ${leaving.to}: deleted when ${leaving.to}/${key.name} is Ready`,
      ]
    : [];

function candidateText({ key, candidate }: EnvironmentAnswer['environment']): string {
  switch (candidate.phase) {
    case 'building':
      return `build ${candidate.build.number} is under way${fixText(candidate.build.fixes)}`;
    case 'build-failed':
      return `build ${candidate.build.number} failed: ${candidate.reason}`;
    case 'scanning':
      return `${short(candidate.image.digest)} is being scanned`;
    case 'blocked':
      return `${short(candidate.image.digest)} is blocked: ${candidate.why}`;
    case 'awaiting-approval':
      return `${short(candidate.image.digest)} passed and waits for an approver: schwifty approve ${key.team}/${key.name}`;
    case 'promoting':
      return `${short(candidate.image.digest)} was approved by ${candidate.approval.approver} and is being promoted`;
    case 'promoted':
      return `${short(candidate.image.digest)} was approved by ${candidate.approval.approver} and is promoted`;
    case 'refused':
      return `${short(candidate.image.digest)} was not promoted: ${candidate.reason}`;
  }
}

const fixText = (fixes: readonly { package: string; version: string }[]): string =>
  fixes.length === 0 ? '' : `, with ${fixes.map((fix) => `${fix.package} ${fix.version}`).join(', ')}`;

/** Without a scan that ended nothing was counted. */
function countsText({ counts, result }: NonNullable<EnvironmentAnswer['verdict']>): string {
  const known = Object.entries(counts).map(([severity, count]) => `${count} ${severity}`);
  if (known.length > 0) return ` (${known.join(', ')})`;
  return result === 'pass' ? ' (no findings)' : '';
}

function verdictLines(verdict: NonNullable<EnvironmentAnswer['verdict']>): string[] {
  const { result, policyVersion, reasons, blocking } = verdict;
  const more = blocking - reasons.length;
  return [
    `  verdict  ${result} under policy ${policyVersion}${countsText(verdict)}`,
    ...reasons.map((reason) => `           ${explain(reason, policyVersion)}`),
    ...(more > 0 ? [`           and ${more} more`] : []),
  ];
}

function releaseText(release: EnvironmentAnswer['environment']['release']): string {
  switch (release.phase) {
    case 'none':
      return 'nothing yet';
    case 'deploying':
      return `${short(release.digest)} is being rolled out${release.deadline ? `, to be Ready by ${release.deadline}` : ''}`;
    case 'rolling-back':
      return `${short(release.digest)} is gone back to, to be Ready by ${release.deadline}${failedText(release)}`;
    case 'ready':
      return `${short(release.digest)} is Ready since ${release.since} at ${release.address}${failedText(release)}`;
    case 'unready':
      return `${short(release.digest)} is not Ready since ${release.since}: ${release.reason}${failedText(release)}`;
    case 'held':
      return `${short(release.digest)} was not Ready in time and is held since ${release.since}: ${release.reason}`;
    case 'stopping':
      return `${short(release.digest)} is being stopped`;
    case 'stopped':
      return `nothing: it is stopped since ${release.since}. A start rolls out ${short(release.digest)} again`;
  }
}

const failedText = ({ failed }: { failed?: { digest: string; reason: string } | undefined }): string =>
  failed ? ` (in place of ${short(failed.digest)}, which was not Ready in time: ${failed.reason})` : '';
