/** Exit codes of every command. */

export const FAILED = 1;
/** A mistake in the command line. */
export const USAGE_ERROR = 2;
