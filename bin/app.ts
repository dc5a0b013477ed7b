/** The CDK app: reads the config file and makes the stacks, nothing else. */
import { App } from 'aws-cdk-lib';
import { makeStacks } from '#lib/app.ts';
import { loadConfig } from '#lib/config-file.ts';

const app = new App();
makeStacks(app, loadConfig());
app.synth();
