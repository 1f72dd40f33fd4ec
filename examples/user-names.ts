// Two plugins and a service: one knows the names of users, the other needs them. The service can be
// replaced by another plugin that provides it, one that asks LDAP for example.
//
//   waggle run examples/user-names.ts

import { readFileSync } from 'node:fs';
import { defineAgent, definePlugin, defineService } from '@waggle/core';

export interface Users {
  nameOf(uid: number): string;
}

export const Users = defineService<Users>()('users');

export const localUsers = (file = '/etc/passwd') =>
  definePlugin({
    name: 'local-users',
    provides: Users,
    setup() {
      const names = new Map<number, string>();
      for (const line of readFileSync(file, 'utf8').split('\n')) {
        const [name, , uid] = line.split(':');
        if (name && uid) names.set(Number(uid), name);
      }
      return { service: { nameOf: (uid) => names.get(uid) ?? String(uid) } };
    },
  });

export const whoRunsWhat = definePlugin({
  name: 'who-runs-what',
  needs: { users: Users },
  setup: ({ services: { users } }) => ({
    observe: {
      exec: (event) => console.log(`${users.nameOf(event.uid)} runs ${event.argv.join(' ')}`),
    },
  }),
});

// The order does not matter: who is needed comes first.
export default defineAgent({ plugins: [whoRunsWhat, localUsers()] });
