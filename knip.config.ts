// What `knip` may call dead in `npm run check`: exports that no other file uses, dependencies that
// no source names, files that nothing reaches. What a package's index.ts exports is for its users and
// never dead.

import type { KnipConfig } from 'knip';

const config: KnipConfig = {
  workspaces: {
    '.': {
      entry: ['scripts/*.ts', 'scripts/*/*.ts', 'examples/*.ts'],
      project: ['bench/**/*.ts', 'scripts/**/*.ts', 'examples/**/*.ts'],
      // Command-line tools of scripts/; deno is started by path; the demangler is one of symbols.
      ignoreDependencies: ['@arethetypeswrong/cli', 'deno', 'gecko-profiler-demangle', 'publint'],
    },
    'packages/*': {
      entry: [
        // Workers are started by name, not imported.
        'src/**/*worker.ts',
        // Scripts of pictures and pages, bundled into src/generated.
        'src/**/viewer/main.ts',
        'src/**/*.{test,deno,node}.ts',
        '{test,bench,scripts}/**/*.ts',
      ],
      project: ['{src,test,bench,scripts}/**/*.ts', '!src/generated/**'],
      // Resolved at run time by symbols/src/demangle/wasm-file.ts and tests of formats and serve.
      ignoreDependencies: ['axe-core', 'gecko-profiler-demangle', 'speedscope'],
    },
    tests: { entry: ['**/*.ts'] },
  },
  // Set-up generates some of the examples' C; Node.js runs the others by path.
  ignore: ['examples/*.bpf.ts', 'tests/workloads/*.{js,cjs}'],
  // Tools of the system that tests run.
  ignoreBinaries: ['cc', 'javac', 'setarch', 'unshare'],
};

export default config;
