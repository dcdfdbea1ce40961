#!/bin/bash
# Module of dracut: what boot=rootsync needs in the initramfs. The boot script is that of initramfs-tools; boot-script.sh gives it what it takes from there.
# shellcheck disable=SC2154 # $initdir and $moddir are dracut's

program=/usr/lib/rootsync
boot_script=/usr/share/initramfs-tools/scripts/rootsync

check() {
  require_binaries node busybox || return 1
  [ -e "$program/root-main.js" ] && [ -e "$boot_script" ]
}

depends() {
  echo fs-lib
}

installkernel() {
  # Also where the initramfs is made for what the system has its root on now. Missing modules are no fault: they may be in the kernel.
  hostonly='' instmods -c fuse
  hostonly='' instmods ext4 f2fs jffs2 mtdblock ubi ubifs nfs
}

install() {
  local file exitrd=$program/exitrd

  inst_multiple node blkid cat chmod cp grep ln mkdir mkfifo modprobe mount rm sleep umount udevadm
  # Debian's node has parts of itself in files.
  while read -r file; do
    [ -e "$file" ] && inst_simple "$file"
  done < <(node -p '(process.config.target_defaults.defines ?? []).map((line) => /^NODE_SHARED_BUILTIN_.*?=(.*)$/.exec(line)?.[1]).filter(Boolean).join("\n")')
  for file in root-main.js session-thread.js copy-thread.js asker-thread.js closer-thread.js notifier-thread.js package.json; do
    inst_simple "$program/$file" || dfatal "rootsync: $program/$file cannot be copied"
  done
  inst "$program/koffi.node"
  inst_simple "$boot_script" "$program/boot"
  inst_simple "$moddir/boot-script.sh" "$program/boot-in-dracut"

  # The small root in which the system ends, with the same merged directories.
  mkdir -p "$initdir$exitrd/usr/bin" "$initdir$exitrd/usr/sbin"
  for file in bin sbin lib lib64; do
    mkdir -p "$initdir$exitrd/usr/$file"
    ln -sfn "usr/$file" "$initdir$exitrd/$file"
  done
  "$DRACUT_INSTALL" -D "$initdir$exitrd" -l "$(command -v busybox)" /bin/busybox
  cp -p "$program/shutdown" "$initdir$exitrd/shutdown"
  chmod 755 "$initdir$exitrd/shutdown"

  inst_hook cmdline 90 "$moddir/parse-rootsync.sh"
  inst_hook pre-udev 90 "$moddir/load-rootsync.sh"
  inst_hook pre-mount 90 "$moddir/mount-raw-root.sh"
  inst_hook mount 90 "$moddir/mount-rootsync.sh"
}
