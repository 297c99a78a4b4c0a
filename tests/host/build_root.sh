#!/bin/bash
# build_root.sh SUITE ROOT: make ROOT a small Debian with the real GIMP and Krita, an X server and xdotool.
#
# Called by root.py, which holds the lock, has checked the rights and decided that the work is needed. Everything happens
# in ROOT.new inside private mount and process namespaces: a build that is killed leaves no mount and no process, and
# ROOT itself appears complete or not at all.
#   MIRROR       a Debian archive; default: the one this machine's own apt uses
#   PACKAGES     what to install;  EXTRA_SUITE  one more suite to take it from (experimental, say)
#   STAMP        written into the finished root
set -euo pipefail
suite=$1 root=$2 new=$2.new
: "${PACKAGES:?}" "${STAMP:?}"

if [ -z "${INSIDE_NAMESPACES:-}" ]; then
    INSIDE_NAMESPACES=1 exec unshare --mount --pid --fork --kill-child --mount-proc bash "$0" "$@"
fi

archive_of_this_machine() {
    local LIST PARTS
    eval "$(apt-config shell LIST Dir::Etc::sourcelist/f PARTS Dir::Etc::sourceparts/d)"
    {   # the one-line format: deb [options] URI suite component...
        sed -nE 's/^deb +(\[[^]]*\] *)?([^ ]+) .*/\2/p' "$LIST" "$PARTS"/*.list 2>/dev/null || true
        # the deb822 format: paragraphs with Types:, URIs:, perhaps Enabled: no
        awk -v RS= -F'\n' '!/(^|\n)Enabled: *no/ && /(^|\n)Types:[^\n]*deb( |\n|$)/ {
            for (i = 1; i <= NF; i++) if (sub(/^URIs: */, "", $i)) print $i }' "$PARTS"/*.sources 2>/dev/null | tr ' ' '\n'
    } | grep -E '^https?://.*/debian/?$' | head -n 1
}
mirror=${MIRROR:-$(archive_of_this_machine || true)}
[ -n "$mirror" ] || { echo "no Debian archive among this machine's apt sources; set MIRROR" >&2; exit 1; }

# debootstrap itself is only unpacked beside the root when the machine lacks it: nothing is installed on the machine.
tool=$(command -v debootstrap || ls /usr/sbin/debootstrap 2>/dev/null || true)
if [ -z "$tool" ]; then
    unpacked=$root.debootstrap; rm -rf "$unpacked"; mkdir -p "$unpacked/lists/partial" "$unpacked/cache/archives/partial"
    apt=(apt-get -q -o "Dir::State::Lists=$unpacked/lists" -o "Dir::Cache=$unpacked/cache" -o APT::Sandbox::User=root)
    "${apt[@]}" update
    (cd "$unpacked" && "${apt[@]}" download debootstrap && dpkg-deb -x debootstrap_*.deb .)
    export DEBOOTSTRAP_DIR=$unpacked/usr/share/debootstrap
    tool=$unpacked/usr/sbin/debootstrap
fi

script=${DEBOOTSTRAP_DIR:-/usr/share/debootstrap}/scripts/$suite
[ -e "$script" ] || script=${script%/*}/sid             # an older debootstrap does not know a newer suite
rm -rf --one-file-system "$new"
"$tool" --variant=minbase --include=ca-certificates "$suite" "$new" "$mirror" "$script"

[ -z "${EXTRA_SUITE:-}" ] || echo "deb $mirror $EXTRA_SUITE main" >> "$new/etc/apt/sources.list"
apt-config dump | grep -E '^Acquire::(https?::|Check-)' > "$new/etc/apt/apt.conf.d/90machine" || true    # proxy and date checks
printf '#!/bin/sh\nexit 101\n' > "$new/usr/sbin/policy-rc.d"; chmod +x "$new/usr/sbin/policy-rc.d"         # start no daemon
echo force-unsafe-io > "$new/etc/dpkg/dpkg.cfg.d/unsafe-io"
printf 'path-exclude=/usr/share/%s/*\n' doc man locale > "$new/etc/dpkg/dpkg.cfg.d/slim"
mount -t proc proc "$new/proc"; mount --rbind /dev "$new/dev"
export DEBIAN_FRONTEND=noninteractive
chroot "$new" apt-get -q update
# shellcheck disable=SC2086 -- a list of package names
chroot "$new" apt-get -q -y --no-install-recommends ${EXTRA_SUITE:+-t "$EXTRA_SUITE"} install $PACKAGES
chroot "$new" apt-get clean
umount -l "$new/proc" "$new/dev"
rm -rf "$new/var/lib/apt/lists/"* "${root:?}.debootstrap"
mkdir -p "$new/work" "$new/repository" "$new/wheels"
echo "$STAMP" > "$new/.layersplit-root"
rm -rf --one-file-system "$root"
mv "$new" "$root"
