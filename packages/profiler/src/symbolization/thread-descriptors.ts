// Descriptors in another thread than the one that opened them. They are the process's, and Bun takes
// them as such; Deno's node:fs knows only those that its own thread has opened, and says EBADF of all
// others. There the thread opens the same file once more, by the process's descriptor: not by a name,
// which may lead to another file by now.

import { openSync } from 'node:fs';
import { DESCRIPTORS_ARE_SHARED, OPEN_FLAGS } from '../mappings/open-flags.ts';
import type { Question } from './protocol.ts';

export class ThreadDescriptors {
  /**
   * By the other thread's. They stay open as those do, for as long as the profiler runs: what is read of
   * an object is read when it is asked for.
   */
  private readonly own = new Map<number, number>();

  constructor(private readonly areShared = DESCRIPTORS_ARE_SHARED) {}

  /** The question with a descriptor that this thread can read. @throws the system's error */
  translate<Q extends Question>(question: Q): Q {
    if (this.areShared || !('object' in question) || question.object.fd === undefined)
      return question;
    return { ...question, object: { ...question.object, fd: this.ownOf(question.object.fd) } };
  }

  private ownOf(fd: number): number {
    let own = this.own.get(fd);
    if (own === undefined) {
      own = openSync(`/proc/self/fd/${fd}`, OPEN_FLAGS);
      this.own.set(fd, own);
    }
    return own;
  }
}
