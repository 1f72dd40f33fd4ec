import { expect, test } from 'bun:test';
import { filePerEvent, planOutputs } from './outputs.ts';

function planned(...paths: string[]) {
  const outputs = planOutputs(paths);
  if (typeof outputs === 'string') throw new Error(outputs);
  return outputs;
}

const filesOf = (paths: string[], events: string[]) => {
  const outputs = filePerEvent(planned(...paths), events);
  return typeof outputs === 'string'
    ? outputs
    : outputs.files.map(({ path, value }) => [path, value]);
};

test('of one event, a file is called what it was asked for', () => {
  expect(filesOf(['a.svg', '-'], ['off-cpu'])).toEqual([
    ['a.svg', undefined],
    ['-', undefined],
  ]);
});

test('of several events, those without room for all their values become a file each', () => {
  const paths = ['a.pb.gz', 'b.SVG', 'c.speedscope.json', 'd.json', './x.y/e.folded'];
  expect(filesOf(paths, ['cpu-clock', 'uprobe:/lib/c.so:malloc'])).toEqual([
    ['a.pb.gz', undefined],
    ['b.cpu-clock.SVG', 0],
    ['b.uprobe:_lib_c.so:malloc.SVG', 1],
    ['c.speedscope.json', undefined],
    ['d.cpu-clock.json', 0],
    ['d.uprobe:_lib_c.so:malloc.json', 1],
    ['./x.y/e.cpu-clock.folded', 0],
    ['./x.y/e.uprobe:_lib_c.so:malloc.folded', 1],
  ]);
});

test('standard output is of one event', () => {
  expect(filesOf(['-'], ['cpu-clock', 'off-cpu'])).toContain('-o - has room for one event');
});
