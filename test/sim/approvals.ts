/**
 * Who may begin to run, said again in other words than core/ says it: a digest that a person approved for this very environment, under the
 * policy and with the waivers of that approval, while none of them has turned. What runs already goes on: that is ADR 22's and 33's word.
 */
import type { Change } from '#core/decision.ts';
import type { Environment, Release } from '#core/environment.ts';
import type { Scan } from '#core/finding.ts';
import { environmentId, type Instant } from '#core/names.ts';
import type { Verdict } from '#core/verdict.ts';
import { Broken, must } from './broken.ts';
import type { Invocation } from './faults.ts';
import type { Truth } from './truth.ts';

type Running = Exclude<Release, { phase: 'none' }>;
type Approval = Running['approval'];
interface Since<T> {
  readonly is: T;
  readonly since: Instant;
}

export class Approvals {
  readonly #now: () => Instant;
  readonly #truth: Truth;
  /** By environment and digest; of an environment that is deleted none is left. */
  readonly #given = new Map<string, Approval[]>();
  /** By environment and digest, as the gate said them, the newest last. */
  readonly #verdicts = new Map<string, Since<Verdict>[]>();
  /** By environment: what was to run, the newest last. */
  readonly #wanted = new Map<string, Since<string | undefined>[]>();
  /** Environments and digests that were Ready. */
  readonly #ready = new Set<string>();
  /** By environment: the digest that was Ready last. */
  readonly #lastReady = new Map<string, string>();

  constructor(now: () => Instant, truth: Truth) {
    this.#now = now;
    this.#truth = truth;
  }

  /** The gate's, as it is stored from now on. */
  judged(id: string, verdict: Verdict, invocation: Invocation): void {
    const inForce = this.#truth.waiversSince(id, invocation, invocation.beganAt);
    const over = verdict.waivers.find((waiver) => !inForce.has(waiver));
    must(over === undefined, `${id} ${verdict.digest} passed with waiver ${over}, which does not count`);
    this.#note(this.#verdicts, `${id} ${verdict.digest}`, verdict);
  }

  /** A person's, which the API wrote: on what is stored, under its policy. */
  given({ key, candidate }: Environment, invocation: Invocation): void {
    if (candidate.phase !== 'promoting')
      throw new Broken(`${environmentId(key)} was approved, and is ${candidate.phase}`);
    const name = `${environmentId(key)} ${candidate.image.digest}`;
    const { approval } = candidate;
    const isOnVerdict = (verdict: Verdict) => isBasis(approval, verdict) && verdict.result === 'pass';
    must(
      this.#during(this.#verdicts, name, invocation).some(isOnVerdict),
      `${name} was approved, and no verdict of that moment let it pass so`,
    );
    const { version } = invocation.config.policy;
    must(approval.policyVersion === version, `${name} was approved under policy ${approval.policyVersion}`);
    this.#given.set(name, [...(this.#given.get(name) ?? []), approval]);
  }

  /** Digests whose approval holds at this instant, by what is true of the image. */
  seeHeld(invocation: Invocation, scans: ReadonlyMap<string, Scan>): void {
    for (const [name, approvals] of this.#given) {
      const scan = scans.get(name);
      if (scan === undefined) continue;
      for (const approval of approvals)
        if (this.#isHeld(name, approval, scan, invocation)) invocation.held.add(heldName(name, approval));
    }
  }

  /** At some instant of the call. */
  mustHold(name: string, { held }: Invocation, what: string, approvals = this.#given.get(name) ?? []): void {
    must(
      approvals.some((approval) => held.has(heldName(name, approval))),
      `${name} was ${what}, and no approval of it holds`,
    );
  }

  /** Of the promoter: it reads the findings itself. All that blocks is waived by just those waivers that the approval names. */
  #isHeld(name: string, approval: Approval, scan: Scan, invocation: Invocation): boolean {
    const { config } = invocation;
    const [id = ''] = name.split(' ');
    if (approval.policyVersion !== config.policy.version || scan.status !== 'complete') return false;
    const needed = new Set<string>();
    for (const finding of scan.findings) {
      if (!this.#truth.blocks(finding, config)) continue;
      const [first] = this.#truth
        .waiversFor(finding, id, invocation)
        .filter((waiver) => approval.waivers.includes(waiver));
      if (first === undefined) return false;
      needed.add(first);
    }
    return this.#truth.isFresh(scan, config) && approval.waivers.every((waiver) => needed.has(waiver));
  }

  /** Each write, whoever made it. @param before undefined where nothing was stored. */
  wrote(before: Environment | undefined, { environment, events }: Change, invocation: Invocation): void {
    const { key, release, life } = environment;
    const id = environmentId(key);
    this.#note(this.#wanted, id, release.phase === 'none' ? undefined : release.digest);
    if (life.state === 'deleted') this.#forget(id);
    if (release.phase === 'none') return;
    const name = `${id} ${release.digest}`;
    const was = before?.release.phase === 'none' ? undefined : before?.release;
    if (release.phase === 'rolling-back' && was?.phase !== 'rolling-back')
      must(this.#lastReady.get(id) === release.digest, `${name} is gone back to, and was not Ready before`);
    if (release.phase === 'ready') {
      this.#ready.add(name);
      this.#lastReady.set(id, release.digest);
    }
    if (events.some(({ type }) => type === 'ImagePromoted'))
      this.mustHold(name, invocation, 'promoted', [release.approval]);
    else if (was?.digest !== release.digest || (isHalted(was) && !isHalted(release)))
      this.#begins(name, release, invocation);
    const given = this.#given
      .get(name)
      ?.find((approval) => approval.approvedAt === release.approval.approvedAt);
    must(given !== undefined, `${name} is to run, and nobody approved it`);
    must(isBasis(given, release.approval), `${name} is to run on another approval than was given`);
  }

  /** A start, or a way back: held against what is stored of it at some instant of the call. */
  #begins(name: string, release: Running, invocation: Invocation): void {
    if (release.phase === 'rolling-back')
      must(this.#ready.has(name), `${name} is gone back to, and was never Ready`);
    const { config } = invocation;
    const { approval } = release;
    const [id = ''] = name.split(' ');
    const inForce = this.#truth.waiversSince(id, invocation, invocation.beganAt);
    const lets = (verdict: Verdict) =>
      verdict.result === 'pass' &&
      isBasis(approval, verdict) &&
      verdict.policyVersion === config.policy.version &&
      verdict.waivers.every((waiver) => inForce.has(waiver));
    must(
      this.#during(this.#verdicts, name, invocation).some(lets),
      `${name} begins to run (${release.phase}), and its approval is void`,
    );
  }

  /** What a cluster is brought to was to run at some instant of the call. */
  applied(id: string, digest: string, invocation: Invocation): void {
    const isWanted = this.#during(this.#wanted, id, invocation).includes(digest);
    must(isWanted, `${id}: ${digest} was brought to its cluster, and was not to run`);
  }

  #forget(id: string): void {
    for (const known of [this.#given, this.#ready])
      for (const name of known.keys()) if (name.startsWith(`${id} `)) known.delete(name);
  }

  #note<T>(known: Map<string, Since<T>[]>, name: string, is: T): void {
    const list = known.get(name) ?? [];
    list.push({ is, since: this.#now() });
    known.set(name, list);
  }

  #during<T>(known: ReadonlyMap<string, readonly Since<T>[]>, name: string, { beganAt }: Invocation): T[] {
    const list = known.get(name) ?? [];
    const first = list.findLastIndex(({ since }) => since < beganAt);
    return list.slice(Math.max(0, first)).map(({ is }) => is);
  }
}

const heldName = (name: string, { approvedAt }: Approval): string => `${name} ${approvedAt}`;

const isHalted = (release: Running | undefined): boolean =>
  release?.phase === 'stopping' || release?.phase === 'stopped';

type Basis = Pick<Approval, 'policyVersion' | 'waivers'>;
const isBasis = (a: Basis, b: Basis): boolean =>
  a.policyVersion === b.policyVersion &&
  a.waivers.length === b.waivers.length &&
  a.waivers.every((waiver) => b.waivers.includes(waiver));
