#!/usr/bin/env node
import './require-node.ts';
import { describeFailure } from '../describe-failure.ts';
import { explain, explainHelp } from './explain.ts';
import { UsageError } from './usage-error.ts';

const commands = { explain: { run: explain, help: explainHelp } };

const help = `tailorbird <command> [options]

  explain   show how an operation of a bff is planned: who is asked what, and when

tailorbird <command> --help tells more.
`;

const [name, ...rest] = process.argv.slice(2);
try {
  if (name === undefined || name === '--help' || name === '-h') process.stdout.write(help);
  else if (!Object.hasOwn(commands, name)) {
    throw new UsageError(
      `there is no command "${name}"; there is ${Object.keys(commands).join(', ')}`,
    );
  } else {
    const command = commands[name as keyof typeof commands];
    if (rest.includes('--help') || rest.includes('-h')) process.stdout.write(command.help);
    else process.stdout.write(await command.run(rest));
  }
} catch (error) {
  // Usage is told whole; what stopped a definition, in at most six lines.
  const misused = error instanceof UsageError;
  const text = misused ? error.message.trimEnd() : await describeFailure(error);
  process.stderr.write(`${text}\n`);
  process.exitCode = misused ? 2 : 1;
}
