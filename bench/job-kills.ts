import { runJobKills } from './faults/job-kills.ts';

/** `node bench/job-kills.ts [mutations] [kills]`: exits with 1 when a job was lost or done twice. */
const [mutations = '10000', kills = '20'] = process.argv.slice(2);
const result = await runJobKills({ mutations: Number(mutations), kills: Number(kills) });
process.stdout.write(`${JSON.stringify(result, null, 2)}\n`);
if (result.lost + result.doubled > 0) process.exitCode = 1;
