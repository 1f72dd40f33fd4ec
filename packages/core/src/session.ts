/**
 * @waggle/core/session: what agents are made of, for those who use Effect or build a command of their own: a
 * session, a command inside it, and what they are about. Loads no plugin; each is at @waggle/core/plugins/<name>.
 */

export type { EventTotals } from '@waggle/events';
export { type SupervisedCommand, superviseCommand } from './command/supervised-command.ts';
export type {
  CommandHost,
  CommandLine,
  CommandOptions,
  CommandUser,
} from './command/tracked-command.ts';
export { planPlugins } from './plugin/plugin-graph.ts';
export { cgroupsOfContainer } from './session/container-cgroups.ts';
export { existingDescendants } from './session/descendants.ts';
export { openSession } from './session/open-session.ts';
export type { Session, SessionReport } from './session/session.ts';
export type { SessionConfig } from './session/session-config.ts';
export type { SessionTarget } from './session/session-target.ts';
export { watchTarget } from './session/target-end.ts';
