/** What `waggle doctor` is asked for, as command.ts reads it. */

export interface DoctorOptions {
  readonly json?: boolean | undefined;
}
