/** What is looked at: a process with its descendants, and a filter, the same in all views. */

import type { ProcessRow } from '../model/process-row.ts';
import type { LiveData } from './live-data.ts';

export interface SelectionWords {
  userName(uid: number): string;
  /** As it is shown: what is hidden is not found either. */
  commandText(argv: readonly string[]): string;
}

export class Selection {
  #scope: number | undefined;
  #filter = '';
  /** Of the processes that it was applied to. */
  #described = 0;
  readonly #data: LiveData;
  readonly #words: SelectionWords;

  constructor(data: LiveData, words: SelectionWords) {
    this.#data = data;
    this.#words = words;
  }

  /** A process; it and its descendants are looked at. */
  get scope(): number | undefined {
    return this.#scope;
  }

  /** Lower case; empty for all. */
  get filter(): string {
    return this.#filter;
  }

  setScope(pid: number | undefined): void {
    this.#scope = pid;
    this.#apply();
  }

  setFilter(text: string): void {
    this.#filter = text.toLowerCase();
    this.#apply();
  }

  /** To be called now and then: more may be known of those who did not pass. */
  refresh(): void {
    if (this.#filter !== '' && this.#described !== this.#data.described) this.#apply();
  }

  passes(row: ProcessRow): boolean {
    const { processes } = this.#data;
    if (this.#scope !== undefined && !processes.isBelow(row.pid, this.#scope)) return false;
    if (this.#filter === '') return true;
    const user = row.uid === undefined ? '' : this.#words.userName(row.uid);
    const words = [row.pid, row.comm, user, row.containerId ?? '', row.cgroup ?? ''];
    const text = `${words.join(' ')} ${this.#words.commandText(row.argv ?? [])}`;
    return text.toLowerCase().includes(this.#filter);
  }

  #apply(): void {
    const { measures } = this.#data;
    this.#described = this.#data.described;
    if (this.#scope === undefined && this.#filter === '') {
      measures.setScope(() => true);
      return;
    }
    measures.setScope((pid) => {
      const row = this.#data.processes.row(pid);
      return row !== undefined && this.passes(row);
    });
  }
}
