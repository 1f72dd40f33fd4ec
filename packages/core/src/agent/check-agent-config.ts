/**
 * Refuses an agent's options of a wrong kind, before anything is opened. The session checks its own.
 */

import {
  checkChoice,
  checkList,
  checkNumber,
  checkOptionsObject,
  isText,
} from '../errors/check-options.ts';
import { BadOption } from '../errors/errors.ts';
import { checkPlugins } from '../session/check-config.ts';

/** By name; JavaScript callers may have put anything there. */
export type GivenOptions = Readonly<
  Partial<
    Record<
      'plugins' | 'profile' | 'metadata' | 'command' | 'commandOutput' | 'earlyEvents',
      unknown
    >
  >
>;

/** @throws BadOption */
export function checkAgentConfig(config: GivenOptions): void {
  const { plugins, profile, metadata, command, commandOutput, earlyEvents } = config;
  checkPlugins(plugins);
  checkOptionsObject('profile', profile);
  if (metadata !== false) checkOptionsObject('metadata', metadata);
  const isCommand = Array.isArray(command) && isText(command[0]);
  if (command !== undefined && !isCommand)
    throw new BadOption({
      option: 'command',
      message: "command must be a list of the program and its arguments, such as ['ls', '-l']",
    });
  checkList('command', command, 'a list of texts', (word) => typeof word === 'string');
  checkChoice('commandOutput', commandOutput, ['inherit', 'ignore']);
  checkNumber('earlyEvents', earlyEvents, { min: 0, integer: true, orInfinity: true });
}
