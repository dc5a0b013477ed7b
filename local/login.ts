/** `npm run -s local:login -- bob`: what a shell needs so that `schwifty` speaks to the local cloud as alice, bob or olga. */
import { accessTo } from '#local/demo/access.ts';
import { people, signIn } from '#local/demo/people.ts';
import { cloudFile, readCloud } from '#local/setup/cloud-file.ts';
import { recordedInstance } from '#local/setup/ports.ts';

const name = process.argv[2] ?? '';
if (people[name] === undefined) {
  console.error(`Who? ${Object.keys(people).join(' or ')}: eval "$(npm run -s local:login -- bob)"`);
  process.exit(1);
}
const access = accessTo(readCloud(cloudFile(recordedInstance('demo'))));
const { token } = await signIn(access, name);
console.log(`export SCHWIFTY_API=${access.api}\nexport SCHWIFTY_TOKEN=${token}`);
