import { expect, test } from 'bun:test';
import { join } from 'node:path';

/** In a process of its own: a zone is one of a process. */
function inZone(zone: string, texts: readonly string[]): readonly string[] {
  const script = `
    const { withLocalTime, zoneText } = await import(${JSON.stringify(join(import.meta.dir, 'local-time.ts'))});
    const texts = ${JSON.stringify(texts)};
    console.log(JSON.stringify([zoneText(Date.UTC(2026, 6, 1)), ...texts.map(withLocalTime)]));`;
  const ran = Bun.spawnSync([process.execPath, '-e', script], {
    env: { ...process.env, TZ: zone },
  });
  return JSON.parse(ran.stdout.toString()) as string[];
}

test('a time of UTC becomes one of the zone, which is said', () => {
  const started = '2026-07-01 22:30:00 UTC';
  for (const [zone, name, local] of [
    ['UTC', 'UTC', started],
    ['Europe/Berlin', 'UTC+2', '2026-07-02 00:30:00 UTC+2'],
    ['Asia/Kolkata', 'UTC+5:30', '2026-07-02 04:00:00 UTC+5:30'],
    ['America/St_Johns', 'UTC-2:30', '2026-07-01 20:00:00 UTC-2:30'],
  ] as const)
    expect(inZone(zone, [started, `10 samples \u00b7 ${started}`, 'hive'])).toEqual([
      name,
      local,
      `10 samples \u00b7 ${local}`,
      'hive',
    ]);
  // What is no moment stays as it is.
  expect(inZone('Europe/Berlin', ['2026-99-01 00:00:00 UTC'])[1]).toBe('2026-99-01 00:00:00 UTC');
});
