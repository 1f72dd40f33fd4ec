import { describe, expect, test } from 'bun:test';
import { asTree, byCpu, type ProcessRow, parseProcesses } from './process-tree.ts';

const never = () => undefined;
const all = () => true;

function process(id: number, parent: number, cpuMs = 0, comm = `p${id}`): ProcessRow {
  return {
    ...{ id, parent, pid: id, startTime: '0', comm, argv: null, containerId: null },
    ...{ kernelThread: false, endedAt: null, exitCode: null, signal: null },
    ...{ forgottenBelow: 0, cpuMs },
  };
}

const shown = (rows: readonly { process: ProcessRow; depth: number; cpuMs: number }[]) =>
  rows.map((row) => [row.process.id, row.depth, row.cpuMs]);

describe('processes as rows', () => {
  test('stand below their parents, the busiest families first, with the time of all of them', async () => {
    const processes = [
      ...[process(1, 0), process(2, 1, 5), process(3, 1, 1), process(4, 3, 9)],
      // Its parent is not among them; a loop of two has no root, and nobody above it.
      process(7, 99, 20),
    ];
    expect(shown(await asTree(processes, all, never))).toEqual([
      [7, 0, 20],
      [1, 0, 15],
      [3, 1, 10],
      [4, 2, 9],
      [2, 1, 5],
    ]);
  });

  test('those that match have their ancestors with them', async () => {
    const processes = [process(1, 0), process(2, 1), process(3, 1, 1, 'wanted'), process(4, 3)];
    const rows = await asTree(processes, ({ comm }) => comm === 'wanted', never);
    expect(rows.map((row) => row.process.id)).toEqual([1, 3]);
  });

  test('by CPU each stands for itself', async () => {
    const processes = [process(1, 0, 2), process(2, 1, 5), process(3, 1, 5)];
    expect(shown(await byCpu(processes, all, never))).toEqual([
      [2, 0, 5],
      [3, 0, 5],
      [1, 0, 2],
    ]);
  });

  test('however many there are, and however they are cut in parts', async () => {
    const processes = Array.from({ length: 3000 }, (_, at) => process(at + 1, at % 7, at % 13));
    let asked = 0;
    const sometimes = () => (asked++ % 100 === 0 ? Promise.resolve() : undefined);
    const inParts = shown(await asTree(processes, all, sometimes));
    expect(inParts).toEqual(shown(await asTree(processes, all, never)));
    expect(inParts.length).toBe(3000);
  });

  test('are read as the server writes them, none too', async () => {
    for (const rows of [[], [process(1, 0)], [process(1, 0), process(2, 1)]]) {
      const list = { span: { from: 1, to: 2 }, leftOut: 3 };
      const lines = rows.map((row) => JSON.stringify(row)).join(',\n');
      const text = `${JSON.stringify(list).slice(0, -1)},"processes":[\n${lines}\n]}\n`;
      expect(await parseProcesses(text, never)).toEqual({ ...list, processes: rows });
    }
  });
});
