#!/bin/bash
# run_in_root.sh ROOT WORK REPOSITORY WHEELS COMMAND...: run COMMAND in ROOT, in private namespaces and without network.
#
# Nothing stays behind: no mount, and every process that COMMAND started ends with it. Inside:
#   /work (= HOME)   WORK, kept, the only folder that outlives the call
#   /repository      this checkout, read-only;  /wheels  the wheels that install.py needs, read-only
#   what $MOUNTS names, read-only: one line "FOLDER<tab>PLACE" each (an empty PLACE stays in the root)
#   /tmp             empty and private;  the root itself is read-only to nobody, but nobody writes to it
set -euo pipefail
root=$1 work=$2 repository=$3 wheels=$4; shift 4
exec unshare --mount --pid --fork --kill-child --ipc --uts --net bash -c '
set -e
root=$1 work=$2 repository=$3 wheels=$4; shift 4
mount --make-rprivate /
mount --bind "$root" "$root"; mount -t proc proc "$root/proc"
mount -t tmpfs -o mode=755 tmpfs "$root/dev"
for d in null zero full random urandom tty; do : > "$root/dev/$d"; mount --bind "/dev/$d" "$root/dev/$d"; done
ln -s /proc/self/fd "$root/dev/fd"
mkdir "$root/dev/shm"; mount -t tmpfs -o mode=1777 tmpfs "$root/dev/shm"
mount -t tmpfs -o mode=1777 tmpfs "$root/tmp"; mkdir -m 1777 "$root/tmp/.X11-unix"; mkdir -m 700 "$root/tmp/run"
mount --bind "$work" "$root/work"
mount --bind "$repository" "$root/repository"; mount -o remount,bind,ro "$root/repository"
mount --bind "$wheels" "$root/wheels"; mount -o remount,bind,ro "$root/wheels"
while IFS=$(printf "\t") read -r folder place; do
  [ -z "$folder" ] && continue
  mkdir -p "$root$place"; mount --bind "$folder" "$root$place"; mount -o remount,bind,ro "$root$place"
done <<< "${MOUNTS-}"
ip link set lo up 2>/dev/null || true
code=0
chroot "$root" env -i PATH=/usr/sbin:/usr/bin:/sbin:/bin HOME=/work LANG=C.UTF-8 XDG_RUNTIME_DIR=/tmp/run "$@" || code=$?
exit $code    # no exec above: this shell stays process 1, because an X server never signals a parent that is process 1
' run_in_root "$root" "$work" "$repository" "$wheels" "$@"
