#!/bin/sh
# Read by hooks of dracut: the boot script of initramfs-tools, and what that takes from there.
# shellcheck disable=SC1091,SC2034,SC2154,SC2317

command -v fsck_single >/dev/null || . /lib/fs-lib.sh

rootmnt=$NEWROOT
UBIMTD=$(getarg ubi.mtd=)

wait_for_udev() {
  udevadm settle --timeout="$1"
}

# udev finds what comes late by itself.
local_block() {
  :
}

# With its module network and ip=, dracut has configured it by now.
configure_networking() {
  :
}

nfsmount() {
  mount -t nfs "$@"
}

resolve_device() {
  rootsync_device=$(label_uuid_to_dev "$1")
  [ -e "$rootsync_device" ] && echo "$rootsync_device"
}

get_fstype() {
  blkid -o value -s TYPE "$1"
}

checkfs() {
  fsck_single "$1" "$3"
  # 255: there is no program for it.
  [ $? -le 3 ] || warn "rootsync: $2: $1 was not checked"
}

panic() {
  emergency_shell -n rootsync "$1"
}

. /usr/lib/rootsync/boot
