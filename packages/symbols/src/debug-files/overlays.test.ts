import { expect, test } from 'bun:test';
import { type OverlaySources, Overlays } from './overlays.ts';

const line = (id: number, device: string, mountPoint: string, type: string, options = 'rw') =>
  `${id} 1 ${device} / ${mountPoint} rw,relatime shared:1 - ${type} none ${options}`;
const over = (id: number, device: string, ...layers: string[]) =>
  line(id, device, `/merged/${id}`, 'overlay', ['rw', ...layers].join(','));

const OWN = [
  line(1, '8:1', '/', 'ext4'),
  line(2, '0:30', '/home/user/remote', 'fuse.sshfs'),
  line(3, '0:31', '/srv/with\\040space', 'nfs4'),
  line(4, '0:32', '/srv/with\\040space/local', 'tmpfs'),
  over(
    10,
    '0:10',
    'lowerdir=/var/lib/l/A:/var/lib/l/B',
    'upperdir=/var/lib/up',
    'workdir=/var/lib/work',
  ),
  over(11, '0:11', 'lowerdir=/var/lib/l/A:/home/user/remote/layer'),
  over(12, '0:12', 'lowerdir=/home/user/remote'),
  over(13, '0:13', 'lowerdir=l/A:l/B', 'upperdir=diff', 'workdir=work'),
  over(
    14,
    '0:14',
    'lowerdir=/var/lib/l/A',
    'upperdir=/srv/with\\040space/up',
    'workdir=/var/lib/work',
  ),
  over(15, '0:15', 'lowerdir=/srv/with\\040space/local/a'),
  over(16, '0:16', 'lowerdir=/home/user/remote-not'),
  over(17, '0:17', 'lowerdir=/merged/11/app'),
  over(18, '0:18', 'lowerdir=/merged/10/app::/merged/13/data'),
  over(19, '0:19', 'lowerdir+=/var/lib/l/A', 'datadir+=/home/user/remote/data'),
  over(20, '0:20', 'lowerdir=/var/lib/it\\134:s/A:/var/lib/l/B', 'redirect_dir=on'),
  over(21, '0:21', 'lowerdir=/merged/21'),
].join('\n');
const FIRST = [line(1, '8:1', '/', 'ext4'), over(40, '0:40', 'lowerdir=/var/lib/l/A')].join('\n');
const PRIVATE = [
  line(50, '8:1', '/', 'ext4'),
  line(51, '0:33', '/home/user/own', 'fuse'),
  over(52, '0:52', 'lowerdir=/var/lib/l/A'),
  over(53, '0:53', 'lowerdir=/home/user/own'),
  // What it says of its layers is of another time: it is not believed.
  over(54, '0:10'),
].join('\n');

interface Host {
  readonly served?: boolean;
  readonly root?: string;
}

function overlaysOf({ served = false, root = '' }: Host = {}) {
  const texts: Record<string, string> = {
    '/proc/self': `${OWN}\n${root}`,
    '/proc/1': FIRST,
    '/proc/7': PRIVATE,
  };
  const sources: OverlaySources & { at: number } = {
    at: 0,
    mountinfo: (process) => texts[process],
    usersMayServe: () => served,
    now: () => sources.at,
  };
  return { overlays: new Overlays(sources), texts, sources };
}

const silent = (overlays: Overlays, devices: readonly string[]) =>
  devices.filter((device) => overlays.mayNotAnswer(device, '/proc/7'));

test('those that root has mounted are what their layers are', () => {
  const { overlays } = overlaysOf({ served: true });
  const devices = [10, 11, 12, 13, 14, 15, 16, 17, 18, 19, 20, 21, 40].map((each) => `0:${each}`);
  expect(silent(overlays, devices)).toEqual(['0:11', '0:12', '0:14', '0:17', '0:19']);
});

test('others may not answer where a user serves a file system, or a layer is seen to be remote', () => {
  const devices = ['0:52', '0:53', '0:99'];
  expect(silent(overlaysOf({ served: true }).overlays, devices)).toEqual(devices);
  expect(silent(overlaysOf().overlays, devices)).toEqual(['0:53']);
});

test('our own root has answered, whatever it lies on', () => {
  const root = line(60, '0:12', '/', 'overlay', 'rw,lowerdir=/home/user/remote');
  expect(silent(overlaysOf({ root }).overlays, ['0:12', '0:11', '0:17'])).toEqual(['0:11', '0:17']);
});

test('an answer is kept for a moment: its device is used again once the mount is gone', () => {
  const { overlays, texts, sources } = overlaysOf();
  expect(silent(overlays, ['0:12'])).toEqual(['0:12']);
  texts['/proc/self'] = [line(1, '8:1', '/', 'ext4'), over(12, '0:12', 'lowerdir=/a')].join('\n');
  expect(silent(overlays, ['0:12'])).toEqual(['0:12']);
  sources.at = 1001;
  expect(silent(overlays, ['0:12'])).toEqual([]);
});
