/** File systems that wait for somebody else: a process, or another host. */

/** As fs/ of the kernel registers them; `fuse.` begins a subtype. */
const REMOTE =
  /^(fuse(blk|ctl)?(\..*)?|nfs4?|cifs|smb3?|9p|virtiofs|ceph|afs|coda|autofs|lustre|gpfs|beegfs|orangefs|pvfs2|ocfs2|gfs2|vboxsf)$/;

/** @param type as in proc_pid_mountinfo(5) */
export function isRemoteFileSystem(type: string): boolean {
  return REMOTE.test(type);
}
