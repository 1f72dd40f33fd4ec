#!/bin/sh
# Runs a command as root under another kernel: a virtual machine without KVM whose root directory is
# this machine's, read-only, with fresh /tmp and /run.
#
#   tests/kernels/boot.sh KERNEL.deb COMMAND
#
# KERNEL.deb is Debian's kernel with its modules (apt-get download linux-image-...), amd64 or arm64.
# COMMAND is a line for sh; its output is the console's. Needs, from apt: qemu-system-x86 or
# qemu-system-arm, busybox-static of the kernel's architecture, kmod, cpio. May be set: CPUS (2), MEMORY
# (2G), ROOT (/), a directory with another architecture's programs, and BUSYBOX (of the PATH).
set -eu

root=${ROOT:-/}

[ $# -eq 2 ] || { echo "usage: $0 KERNEL.deb COMMAND" >&2; exit 2; }
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
dpkg-deb -x "$1" "$work/kernel"
# Debian 13 and later have the modules there.
[ -d "$work/kernel/lib" ] || ln -s usr/lib "$work/kernel/lib"
version=$(ls "$work/kernel/lib/modules")
depmod -b "$work/kernel" "$version"

mkdir -p "$work/initrd/bin" "$work/initrd/modules"
cp "${BUSYBOX:-$(command -v busybox)}" "$work/initrd/bin/busybox"
# Modules of the share, in the order in which they need each other.
for module in virtio_pci 9p 9pnet_virtio; do
  modprobe -d "$work/kernel" -S "$version" --show-depends "$module"
done | awk '$1 == "insmod" && !seen[$2]++ { print $2 }' | while read -r file; do
  number=$((${number:-100} + 1))
  case $file in
    *.xz) xz -dc "$file" >"$work/initrd/modules/$number.ko" ;;
    *) cp "$file" "$work/initrd/modules/$number.ko" ;;
  esac
done

printf '%s\n' "$2" >"$work/initrd/command"
cat >"$work/initrd/init" <<'INIT'
#!/bin/busybox sh
/bin/busybox --install -s /bin
export PATH=/bin
mkdir -p /proc /root
mount -t proc proc /proc
for module in /modules/*; do insmod "$module"; done
mount -t 9p -o trans=virtio,version=9p2000.L,cache=loose,msize=512000,ro host /root ||
  { echo 'no root directory'; poweroff -f; }
mount -t proc proc /root/proc
mount -t sysfs sysfs /root/sys
mount -t devtmpfs dev /root/dev
mount -t bpf bpf /root/sys/fs/bpf
mount -t tracefs tracefs /root/sys/kernel/tracing
mount -t securityfs security /root/sys/kernel/security
mount -t cgroup2 cgroup /root/sys/fs/cgroup
mount -t tmpfs tmpfs /root/tmp
mount -t tmpfs tmpfs /root/run
cp /command /root/tmp/command
# What the console says from here on is the command's.
dmesg -n 1
chroot /root /usr/bin/env -i HOME=/tmp PATH=/usr/local/bin:/usr/bin:/usr/sbin:/bin:/sbin TERM=dumb \
  /bin/sh /tmp/command
echo "exit code: $?"
poweroff -f
INIT
chmod +x "$work/initrd/init"
(cd "$work/initrd" && find . | cpio -o -H newc --quiet) | gzip -1 >"$work/initrd.gz"

case $(dpkg-deb -f "$1" Architecture) in
  amd64) emulator='qemu-system-x86_64 -cpu max' console=ttyS0 ;;
  arm64) emulator='qemu-system-aarch64 -machine virt -cpu neoverse-n1' console=ttyAMA0 ;;
  *) echo 'neither amd64 nor arm64' >&2; exit 2 ;;
esac
$emulator -accel tcg,thread=multi -smp "${CPUS:-2}" -m "${MEMORY:-2G}" -nodefaults -display none \
  -serial stdio -no-reboot -kernel "$work/kernel/boot/vmlinuz-$version" -initrd "$work/initrd.gz" \
  -append "console=$console quiet panic=-1 lsm=lockdown,yama,bpf" \
  -virtfs "local,path=$root,mount_tag=host,security_model=none,readonly=on,multidevs=remap" </dev/null
