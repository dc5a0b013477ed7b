/**
 * Brings the whole local cloud up. `up` reads as the order of things: each step names what
 * it needs, and runs as soon as that is there. Running parts are kept, the rest is repaired.
 */
import { dirname, join } from 'node:path';
import { bootstrap, deploy } from '#local/aws/deploy.ts';
import {
  adminAuthorization,
  adminEnvironment,
  emulatorFound,
  emulatorRuns,
  enforceIam,
  ensureEmulator,
  type Found,
  setClusterEndpoint,
  startEmulator,
} from '#local/aws/emulator.ts';
import { ensureBaseImage, pushBaseImage } from '#local/images/base.ts';
import type { Instance } from '#local/instance.ts';
import { ensureKubernetesBinary } from '#local/kubernetes/binary.ts';
import { createNetwork, type NodeAccess, nodeStatus, startNode, stopNode } from '#local/kubernetes/node.ts';
import { ensureNodeTools } from '#local/kubernetes/tools.ts';
import {
  attachNode,
  ensureServices,
  servicesLog,
  servicesRun,
  servicesUrl,
} from '#local/services/process.ts';
import { setUpRegistry, subscribePager } from '#local/setup/account.ts';
import { type Cloud, registryHost, writeCloud } from '#local/setup/cloud-file.ts';
import { ensureGo } from '#local/setup/go.ts';
import { installPackages } from '#local/setup/packages.ts';
import { recordInstance, settlePorts } from '#local/setup/ports.ts';
import type { Ready } from '#local/setup/ready.ts';
import { localConfig, localContext, synthesize } from '#local/setup/synth.ts';
import type { Board, StepTime } from '#local/ui/board.ts';
import type { Ui } from '#local/ui/ui.ts';

const AGAIN = "run the command again; if it stays, 'npm run local:down' clears everything";

export interface Up {
  readonly cloud: Cloud;
  readonly times: readonly StepTime[];
}

export async function up({ instance, plan }: Ready, ui: Ui): Promise<Up> {
  recordInstance(instance);
  const board = ui.board();
  const packages = packagesStep(board, instance, plan.packages);
  const made = prepare(board, instance, packages);
  const cloud = bringUp(board, instance, made);
  const times = await board.run();
  return { cloud: await cloud, times };
}

const logOf = (instance: Instance, name: string): string => join(instance.logs, `${name}.log`);

export function packagesStep(board: Board, instance: Instance, names: readonly string[]): Promise<void> {
  const log = logOf(instance, 'packages');
  const advice = "mend what apt says ('apt-get update', '/etc/apt/sources.list'), then run the command again";
  return board.step({ title: 'Debian packages', log, advice }, [], async (_, report) => {
    report.note(names.length === 0 ? 'all there' : `${names.length} to install`);
    await installPackages(names, log);
  });
}

interface Prepared {
  readonly network: Promise<Instance>;
  readonly binary: Promise<string>;
  readonly tools: Promise<string>;
  readonly emulator: Promise<void>;
  readonly baseImage: Promise<unknown>;
  readonly assembly: Promise<string>;
}

/** Made once and kept in the cache, all beside each other: Kubernetes takes the longest when it is compiled. */
function prepare(board: Board, instance: Instance, packages: Promise<void>): Prepared {
  const step = <T>(
    title: string,
    name: string,
    advice: string,
    needs: Promise<unknown>[],
    work: (log: string) => Promise<T>,
  ) => {
    const log = logOf(instance, name);
    return board.step({ title, log, advice }, needs, () => work(log));
  };
  const registries =
    'see whether the package registry is in reach (proxy, CA certificates), then run the command again';
  const go = step('Go', 'go', registries, [packages], (log) => ensureGo(instance, log));
  const log = logOf(instance, 'kubernetes-build');
  const baseImage = step('Debian base image', 'base-image', registries, [packages], (log) =>
    ensureBaseImage(instance, { log }),
  );
  const network = step('Network', 'network', "'npm run local:down' clears it", [packages], async () => {
    await createNetwork(instance);
    return settlePorts(instance, portsInUse(instance));
  });
  return {
    network,
    binary: board.step({ title: 'Kubernetes, from source', log, advice: registries }, [go], ([go]) =>
      ensureKubernetesBinary(instance, { go, log }),
    ),
    tools: step('metrics-server, kube-router', 'node-tools-build', registries, [go], async (log) =>
      ensureNodeTools(instance, { go: await go, log }),
    ),
    emulator: step('AWS emulator', 'emulator-install', registries, [packages], (log) =>
      ensureEmulator(instance, { python: 'python3', log }),
    ),
    baseImage,
    assembly: step(
      'Lambdas and stacks',
      'synth',
      "'npm run check' tells more",
      [baseImage, network],
      async (log) =>
        synthesize({
          root: instance.root,
          folder: instance.state,
          log,
          config: await localConfig(await network),
          context: await localContext(instance, log),
        }),
    ),
  };
}

/** Exported for its test. */
export const killedNote = 'it was killed: its state is lost, everything is made anew';
const notes: Readonly<Record<Found, string>> = {
  running: 'runs already',
  state: 'goes on where it was stopped',
  killed: killedNote,
  nothing: '',
};

/** The running parts, in the order in which they need each other. */
function bringUp(board: Board, instance: Instance, made: Prepared): Promise<Cloud> {
  const log = (name: string): string => logOf(instance, name);
  const emulator = board.step(
    { title: 'Start AWS', log: log('emulator'), advice: AGAIN },
    [made.network, made.emulator],
    async ([placed], report) => {
      const found = emulatorFound(placed);
      // What the node runs belongs to the cloud that is gone.
      if (found === 'killed' || found === 'nothing') await stopNode(placed).then(() => createNetwork(placed));
      report.note(notes[found]);
      const { url } = await startEmulator(placed, {
        port: placed.ports.aws,
        servicesUrl: servicesUrl(placed),
      });
      return { placed, url };
    },
  );
  const services = board.step(
    { title: 'Start local services', log: servicesLog(instance), advice: AGAIN },
    [emulator],
    async ([{ placed, url }], report) => {
      if (await ensureServices(placed, awsEnvironment(url))) report.note('run already');
    },
  );
  const node = board.step(
    {
      title: 'Start Kubernetes',
      log: log('node'),
      advice: `${AGAIN}; each component has a log in ${instance.logs}`,
    },
    [emulator, made.binary, made.tools, services],
    async ([{ placed, url }, binary, tools], report) => {
      const access = await ensureNode(placed, { binary, tools }, url, report.note);
      await attachNode(placed, access.kubeconfig);
      await setClusterEndpoint(url, access);
      return access;
    },
  );
  return deployInto(board, instance, made, { emulator, node });
}

interface Running {
  readonly emulator: Promise<{ placed: Instance; url: string }>;
  readonly node: Promise<NodeAccess>;
}

/** The stacks, the image that builds start from, and what an account's owner sets by hand. */
function deployInto(
  board: Board,
  instance: Instance,
  made: Prepared,
  { emulator, node }: Running,
): Promise<Cloud> {
  const log = (name: string): string => logOf(instance, name);
  const deployed = board.step(
    {
      title: 'Deploy the stacks',
      log: log('deploy'),
      advice: 'the log names the resource that failed, and why',
    },
    [emulator, made.assembly, node],
    async ([{ placed, url }, assembly]) => {
      await bootstrap(placed, url, log('deploy'));
      // From here on every call needs its caller's permission, those of the deployment too.
      await enforceIam(url);
      return deploy(placed, url, assembly, [], log('deploy'));
    },
  );
  const pushed = board.step(
    { title: 'Push the base image', log: log('base-image'), advice: AGAIN },
    [emulator, deployed, made.baseImage],
    ([{ placed, url }]) => {
      const target = {
        registry: url,
        repository: 'base/debian',
        tag: 'bookworm',
        authorization: adminAuthorization,
      };
      return pushBaseImage(placed, target, { log: log('base-image') });
    },
  );
  return board.step(
    { title: 'Registry settings, pager', log: log('emulator'), advice: AGAIN },
    [emulator, node, deployed, pushed, made.binary],
    async ([{ placed, url }, access, outputs, , binary]) => {
      const cloud = describe(placed, url, access, binary, outputs);
      await setUpRegistry(cloud);
      await subscribePager(cloud);
      return writeCloud(cloud);
    },
  );
}

/** A node that is ready is kept with all that runs on it. */
async function ensureNode(
  instance: Instance,
  programs: { readonly binary: string; readonly tools: string },
  url: string,
  note: (text: string) => void,
): Promise<NodeAccess> {
  const status = await nodeStatus(instance);
  if (status.state === 'ready') {
    note('runs already');
    return status.access;
  }
  return startNode(instance, {
    ...programs,
    tokenReviewUrl: `${servicesUrl(instance)}/token-review`,
    registry: { host: registryHost, endpoint: url },
  });
}

function describe(
  instance: Instance,
  aws: string,
  access: NodeAccess,
  binary: string,
  outputs: Cloud['outputs'],
): Cloud {
  return {
    name: instance.name,
    state: instance.state,
    logs: instance.logs,
    aws,
    services: servicesUrl(instance),
    dns: { host: '127.0.0.1', port: instance.ports.dns },
    kubernetes: {
      endpoint: access.endpoint,
      kubeconfig: access.kubeconfig,
      kubectl: join(dirname(binary), 'kubectl'),
    },
    registry: registryHost,
    outputs,
  };
}

/** Ports that this instance's own running parts hold: they stay as they are. */
function portsInUse(instance: Instance): ReadonlySet<keyof Instance['ports']> {
  const held = new Set<keyof Instance['ports']>();
  if (emulatorRuns(instance)) held.add('aws');
  if (servicesRun(instance)) held.add('services').add('dns').add('pager');
  return held;
}

/** Only the emulator's endpoint and credentials: a person's own AWS settings must not be in reach of anything here. */
function awsEnvironment(url: string): NodeJS.ProcessEnv {
  const own = Object.entries(process.env).filter(
    ([name]) => !name.startsWith('AWS_') || name === 'AWS_CA_BUNDLE',
  );
  return { ...Object.fromEntries(own), ...adminEnvironment(url) };
}
