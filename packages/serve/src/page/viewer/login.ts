/** Who may not look yet: a dialog asks for the token. */

import { finder, type PageDialog, type PageInput, type PageWindow } from './dom.ts';
import { Refusal, type Server } from './server.ts';

export interface Login {
  /** @param problem with the one that was given; empty where none was. */
  ask(problem: string): void;
  /** Gives the server a token, and begins again where it takes it. */
  give(token: string): Promise<void>;
}

export function createLogin(window: PageWindow, server: Server, begin: () => void): Login {
  const find = finder(window);

  function ask(problem: string): void {
    find('login-problem').textContent = problem;
    const dialog = find<PageDialog>('login');
    if (!dialog.open) dialog.showModal();
  }

  async function give(token: string): Promise<void> {
    try {
      await server.logIn(token);
      if (find<PageDialog>('login').open) find<PageDialog>('login').close();
      begin();
    } catch (error) {
      if (error instanceof Refusal && error.status === 0) begin();
      else ask(error instanceof Refusal ? error.message : String(error));
    }
  }

  find('login-form').addEventListener('submit', (event) => {
    event.preventDefault();
    void give(find<PageInput>('token').value.trim());
  });
  return { ask, give };
}
