import { describe, expect, test } from 'bun:test';
import { profileOf } from '../test/random-profile.ts';
import { diffProfiles, foldedFormat, type Profile, parseProfile } from './index.ts';
import { withoutTier, withoutTiers } from './jit-tiers.ts';

describe('a function has one name', () => {
  test.each([
    ['JS:~hot /srv/app.js:1:13', 'JS:hot /srv/app.js:1:13'],
    ['JS:^hot /srv/app.js:1:13', 'JS:hot /srv/app.js:1:13'],
    ['JS:+hot /srv/app.js:1:13', 'JS:hot /srv/app.js:1:13'],
    ['JS:*hot /srv/app.js:1:13', 'JS:hot /srv/app.js:1:13'],
    ['LazyCompile:~hot /srv/app.js:1:13', 'JS:hot /srv/app.js:1:13'],
    ['Function:*hot /srv/app.js:1:13', 'JS:hot /srv/app.js:1:13'],
    ['LazyCompile:* /srv/app.js:1:13', 'JS: /srv/app.js:1:13'],
    ['Script:~ /srv/app.js:1:1', 'Script: /srv/app.js:1:1'],
    ['Eval:~ [eval]:1:1', 'Eval: [eval]:1:1'],
    ['JSC-Baseline: hot#CuY5oz', 'JSC: hot#CuY5oz'],
    ['JSC-DFG: hot#CuY5oz', 'JSC: hot#CuY5oz'],
    ['JSC-FTL: /srv/app.js#C3XSS2', 'JSC: /srv/app.js#C3XSS2'],
    [
      'void [app] App.Program::Main(string[])[OptimizedTier1]',
      'void [app] App.Program::Main(string[])',
    ],
    ['void [app] App.Program::Main(string[])[Tier0]', 'void [app] App.Program::Main(string[])'],
    [
      'int32 [System.Private.CoreLib] System.String::get_Length()[PreJIT]',
      'int32 [System.Private.CoreLib] System.String::get_Length()',
    ],
    ['java/lang/Thread.run_[j]', 'java/lang/Thread.run'],
    ['java/lang/Thread.run_[0]', 'java/lang/Thread.run'],
    ['java.lang.Thread.run_[1]', 'java.lang.Thread.run'],
    ['App$$Lambda.0x00007f01.run_[0]', 'App$$Lambda.0x00007f01.run'],
    ['java/lang/Thread.run_[1]', 'java/lang/Thread.run'],
    ['java/util/HashMap$Node.<init>_[i]', 'java/util/HashMap$Node.<init>'],
    ['Main.main_[1]', 'Main.main'],
    ['interp_[j]', 'interp'],
  ])('%s', (name, plain) => {
    expect(withoutTier(name)).toBe(plain);
    expect(withoutTier(plain)).toBe(plain);
  });

  test.each([
    'JS:hot /srv/app.js:1:13',
    'JS:~',
    'Builtin:ArrayMap',
    'x JS:~hot',
    'operator*',
    '~Foo',
    'ns::Foo::~Foo()',
    'Function:*',
    'std::function<void ()>::operator()() const',
    'handlers_[0]',
    'row_[1]',
    'read_[k]',
    '_[j]',
    '_[0]',
    'a.b c_[0]',
    'method()[Tier9]',
    'lambda[Optimized]',
    'JSC-FTL: ',
    'JSC-DFGThunk: x',
    '[libc.so.6+0x123]',
    '',
  ])('%p stays as it is', (name) => expect(withoutTier(name)).toBe(name));

  test('so that its time is in one place, in a difference too', () => {
    const user = (name: string) => ({ name, kind: 'user' as const });
    const profile = withoutTiers(
      profileOf([
        { count: 1, frames: [{ name: 'node', kind: 'process' }, user('JS:~hot a.js:1:1')] },
        { count: 2, frames: [{ name: 'node', kind: 'process' }, user('JS:*hot a.js:1:1')] },
        {
          count: 4,
          frames: [
            { name: 'odd', kind: 'process' },
            { name: 'JS:~k', kind: 'kernel' },
          ],
        },
      ]),
    );
    expect(foldedFormat.encode(profile)).toBe('node;JS:hot a.js:1:1 3\nodd;JS:~k_[k] 4\n');
    const { functions } = diffProfiles(profile, profile);
    expect(functions.map(({ frame, self }) => [frame.name, self.before])).toEqual([
      ['JS:~k', 4],
      ['JS:hot a.js:1:1', 3],
    ]);
    expect(withoutTiers(profile)).toBe(profile);
  });

  test('in what is read as well, of whatever format', () => {
    const text =
      'java/lang/Thread.run_[1];Work.go_[j] 1\njava/lang/Thread.run_[0];Work.go_[i];read_[k] 2\n';
    const read = parseProfile(new TextEncoder().encode(text));
    expect(foldedFormat.encode(read as Profile)).toBe(
      'java/lang/Thread.run;Work.go 1\njava/lang/Thread.run;Work.go;read_[k] 2\n',
    );
  });
});
