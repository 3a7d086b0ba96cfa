/** The command line: which commands there are and which flags each takes. */

import { Argument, Command, Option } from 'commander';
import { agentSettingDeclarations } from '../agent/agent.settings';
import { type Setting, shown } from '../core/settings';
import { version } from '../native/build-info';
import { resolveSettings, type Settings, settingDeclarations } from '../settings';

type Flags = Record<string, string | boolean | undefined>;

interface Program {
  /** @returns the exit code. @throws CommanderError for wrong usage, OperationalError for failures. */
  run(argv: string[]): Promise<number>;
}

/** Builds the command line. Commands load their code only when they run, so that `version` costs nothing. */
export function createProgram(): Program {
  let exitCode = 0;
  const program = configure(new Command('narcidicontrol'))
    .description('Controls what a software house sells: customers, licences, machines and versions.')
    .addHelpText('after', '\nExit codes: 0 done, 1 failed (the reason in one line on stderr), 2 wrong usage.');

  const command = (parent: Command, name: string, description: string) =>
    configure(parent.command(name)).description(description);
  const done = (run: () => Promise<number>) => async () => {
    exitCode = await run();
  };

  const serve = withSettings(command(program, 'serve', 'Run everything: HTTP, MQTT, jobs.'));
  serve.action(done(async () => (await import('./serve')).serve(resolveSettings(sourcesOf(serve)))));

  const demo = withSettings(
    command(program, 'demo', 'Run everything on a scratch data folder, with simulated machines over real MQTT.'),
  ).option('--maquinas <n>', 'how many machines to simulate', '25');
  demo.action(done(async () => (await import('./demo/demo')).demo(flagsOf(demo), process.env)));

  const agent = withFlags(
    command(
      program,
      'agent',
      'The machine side: register by key, publish heartbeats, obey blocks, commands and updates.',
    ),
    agentSettingDeclarations,
  )
    .option('--imprimir-systemd', 'print a systemd unit for these settings and end')
    .addOption(new Option('--em-prova', 'show that a new build can connect, and end').hideHelp());
  agent.action(done(async () => (await import('./agent')).agent(flagsOf(agent), process.env, agent.opts())));

  const admin = command(program, 'admin', 'Administrators.');
  const adminSet = withData(
    command(admin, 'set', 'Create an administrator or reset its password, with the server stopped or running.'),
  )
    .requiredOption('--email <email>', 'e-mail of the administrator')
    .option('--senha-stdin', 'read the password from standard input instead of asking');
  adminSet.action(done(async () => (await import('./admin')).adminSet(settingsOf(adminSet), adminSet.opts())));

  const backup = command(program, 'backup', 'Backups; the server may be running or not.');
  const backupCreate = withData(
    command(backup, 'create', 'Make a backup: into the backup folder, or into a file of its own.'),
  )
    .option('--out <file>', 'write this file instead')
    .option('--json', 'print what is known of it as JSON')
    .addOption(new Option('--origem <word>', 'who asked for it').hideHelp());
  backupCreate.action(
    done(async () => (await import('./backup')).backupCreate(settingsOf(backupCreate), backupCreate.opts())),
  );
  const backupList = withData(command(backup, 'list', 'List the backups in the backup folder.')).option(
    '--json',
    'print them as JSON',
  );
  backupList.action(done(async () => (await import('./backup')).backupList(settingsOf(backupList), backupList.opts())));
  const backupVerify = withData(command(backup, 'verify', 'Read a backup to its end; exit 1 when it is damaged.'));
  backupVerify
    .argument('<file>', 'the backup')
    .action((file: string) =>
      done(async () => (await import('./backup')).backupVerify(settingsOf(backupVerify), file))(),
    );
  const backupDrill = withData(
    command(backup, 'drill', 'Restore a backup into a scratch folder, compare everything, and remove it again.'),
  );
  backupDrill
    .argument('<file>', 'the backup')
    .action((file: string) =>
      done(async () => (await import('./backup')).backupDrill(settingsOf(backupDrill), file))(),
    );

  const restore = withData(command(program, 'restore', 'Bring a backup back into the data folder.'))
    .argument('<file>', 'the backup')
    .option('--force', 'replace a data folder that is not empty; the old one is kept beside it');
  restore.action((file: string) =>
    done(async () => (await import('./restore')).restore(settingsOf(restore), file, restore.opts()))(),
  );

  const print = withData(command(program, 'print', 'Print a file for the machine it runs on.')).addArgument(
    new Argument('<what>', 'which').choices(['systemd', 'prometheus']),
  );
  print.action((what: string) => done(async () => (await import('./print')).print(settingsOf(print), what))());

  const keys = command(program, 'keys', 'Keys that sign certificates.');
  const keysRotate = withData(
    command(keys, 'rotate', 'Add a signing key; older ones still verify. A running server takes it up at once.'),
  );
  keysRotate.action(done(async () => (await import('./keys')).keysRotate(settingsOf(keysRotate))));

  const audit = command(program, 'audit', 'The audit.');
  const auditVerify = withData(
    command(audit, 'verify', 'Check that no row of the audit was changed or removed; exit 1 when one was.'),
  );
  auditVerify.action(done(async () => (await import('./audit')).auditVerify(settingsOf(auditVerify))));

  const config = withSettings(
    command(program, 'config', 'Print the effective settings and where each comes from, secrets masked.'),
  );
  config.action(done(async () => (await import('./config')).config(sourcesOf(config))));

  const doctor = withSettings(
    command(program, 'doctor', 'Check data folder, ports, disk, clock and both stores; exit 1 when anything is wrong.'),
  );
  doctor.option('--json', 'print the findings as JSON');
  doctor.action(done(async () => (await import('./doctor')).doctor(settingsOf(doctor), doctor.opts())));

  const health = withSettings(
    command(
      program,
      'health',
      'Ask the server of this machine whether all is well; exit 1 when it is not, or is not there.',
    ),
  );
  health.action(done(async () => (await import('./health')).health(settingsOf(health))));

  const checkStore = configure(program.command('check-store', { hidden: true }))
    .description('Read a store of heartbeats to its end.')
    .argument('<folder>', 'the store')
    .argument('[copy]', 'copy it there first')
    .argument('[how]', 'pages or entries', 'pages');
  checkStore.action((folder: string, copy: string | undefined, how: string) =>
    done(async () => (await import('./check-store')).checkStore(folder, copy, how))(),
  );

  const openapi = command(program, 'openapi', 'Print the OpenAPI document.');
  openapi.action(done(async () => (await import('./openapi')).openapi()));

  const versionCommand = command(program, 'version', 'Print the version.');
  versionCommand.action(
    done(async () => {
      console.log(version);
      return 0;
    }),
  );

  return {
    run: async (argv) => {
      if (argv.length === 0) program.help({ error: true });
      await program.parseAsync(argv, { from: 'user' });
      return exitCode;
    },
  };
}

/** Wrong usage is thrown to main instead of ending the process here. */
function configure(command: Command): Command {
  return command.exitOverride().allowExcessArguments(false).showHelpAfterError().helpCommand(false);
}

/** Every setting that has a flag; the rest come from the environment or config.json. */
function withSettings(command: Command): Command {
  return withFlags(command, settingDeclarations);
}

function withFlags(command: Command, declarations: Readonly<Record<string, Setting<unknown>>>): Command {
  for (const setting of Object.values(declarations)) {
    if (setting.flag === undefined) continue;
    command.option(
      `--${setting.flag} <value>`,
      `${setting.description} [${setting.env}, default ${shown(setting, setting.default) || 'none'}]`,
    );
  }
  return command;
}

function withData(command: Command): Command {
  const { data } = settingDeclarations;
  return command.option(`--data <value>`, `${data.description} [${data.env}, default ${data.default}]`);
}

/** The flags by their names without dashes, as they were given. */
function flagsOf(command: Command): Record<string, string | undefined> {
  const given = command.opts<Flags>();
  return Object.fromEntries(
    command.options.map((option) => {
      const value = given[option.attributeName()];
      return [option.long?.replace(/^--/, '') ?? '', typeof value === 'string' ? value : undefined];
    }),
  );
}

function sourcesOf(command: Command) {
  return { flags: flagsOf(command), env: process.env };
}

function settingsOf(command: Command): Settings {
  return resolveSettings(sourcesOf(command)).settings;
}
