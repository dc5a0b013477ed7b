/** The main job, played on the local cloud for whoever watches: each scene says what was done and what was seen. */
import type { Cloud } from '#local/setup/cloud-file.ts';
import type { Report, StepTime } from '#local/ui/board.ts';
import type { Ui } from '#local/ui/ui.ts';
import { accessTo } from './access.ts';
import { type Person, signIn } from './people.ts';
import * as story from './story.ts';

const id = 'checkout/web';

export async function demo(cloud: Cloud, ui: Ui): Promise<readonly StepTime[]> {
  const access = accessTo(cloud);
  ui.heading('The story');
  const scene = <T>(title: string, play: (report: Report) => Promise<T>): Promise<T> =>
    ui.step({ title, advice }, play);
  const [alice, bob] = await scene('Two people sign in: alice asks, bob approves', () =>
    Promise.all([signIn(access, 'alice'), signIn(access, 'bob')]),
  );
  const asked = await scene(`alice asks for ${id}`, (report) =>
    story.ask(alice, id).then((answer) => {
      report.note(answer ? '201' : 'she did before');
      return answer;
    }),
  );
  if (!asked) {
    ui.say(`${id} was asked for in an earlier start: its story is not played again.`);
    ui.say(
      "'npm run local:down' and 'npm start' play it anew; 'npm run schwifty -- status checkout/web' tells where it stands.",
    );
    return ui.times;
  }
  await gateAndApproval(ui, scene, alice, bob);
  const address = await scene('It is promoted by digest and rolled out', async (report) => {
    const { address, digest } = await story.ready(alice, id);
    report.note(`${digest.slice(0, 19)} is Ready`);
    return address;
  });
  await scene('It answers on port 80 of its load balancer', async (report) => {
    report.note(`${address}: ${(await story.served(address)).body.trim()}`);
  });
  await scene('It answers by its name', async (report) => {
    const { name, addresses } = await story.named(access, alice, id);
    await story.served(addresses[0] ?? address, name);
    report.note(`${name} → ${addresses.join(', ')}`);
  });
  await outOfMemory(ui, scene, access, address);
  return ui.times;
}

const advice = "look at 'npm run schwifty -- status checkout/web' and at the functions' logs in emulator.log";
type Scene = <T>(title: string, play: (report: Report) => Promise<T>) => Promise<T>;

async function gateAndApproval(ui: Ui, scene: Scene, alice: Person, bob: Person): Promise<void> {
  const reasons = await scene('The image is built, pushed, scanned, and blocked', () =>
    story.blocked(alice, id),
  );
  for (const reason of reasons) ui.say(`    ${reason}`);
  const digest = await scene('The rebuild with the fixed versions passes', async (report) => {
    const passed = await story.passed(alice, id);
    report.note(passed.slice(0, 19));
    return passed;
  });
  const refusal = await scene('alice approves what she asked for herself', async (report) => {
    const error = await story.refusedApproval(alice, id, digest);
    report.note(String(error.problem.status));
    return error;
  });
  ui.say(`    ${refusal.message}`);
  await scene('bob approves', async (report) => {
    await bob.client.approve(id, digest);
    report.note('201');
  });
}

async function outOfMemory(
  ui: Ui,
  scene: Scene,
  access: ReturnType<typeof accessTo>,
  address: string,
): Promise<void> {
  await scene('The workload takes more memory than it has', () => story.exceedMemory(address));
  const page = await scene('The pager rings', () => story.paged(access, id, 'open', 180));
  ui.say(`    ${page.summary}`);
  await scene('It is Ready for two minutes without another kill, and the pager is told', async (report) => {
    const notice = await story.paged(access, id, 'recovered', 360);
    report.note(`open since ${notice.openedAt}`);
  });
}
