/** The part of @stroncium/procfs that the benchmark uses; the package has no types of its own. */
declare module '@stroncium/procfs' {
  type Read = (pid: number) => unknown;
  const library: {
    readonly procfs: Readonly<
      Record<
        | 'processStat'
        | 'processStatus'
        | 'processCmdline'
        | 'processEnviron'
        | 'processExe'
        | 'processCwd'
        | 'processCgroups',
        Read
      >
    >;
  };
  export default library;
}
