/**
 * How files of others are opened: for reading, without waiting for another holder of the file, as for one
 * with a lease, and without becoming a terminal's process. open(2)
 */

import { constants } from 'node:fs';

export const OPEN_FLAGS = constants.O_RDONLY | constants.O_NONBLOCK | constants.O_NOCTTY;

/** Whether a thread can use what another has opened: see symbolization/thread-descriptors.ts. */
export const DESCRIPTORS_ARE_SHARED = !('Deno' in globalThis);
