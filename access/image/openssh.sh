#!/bin/sh
# Debian's OpenSSH, rsync and socat, made to run from one folder whatever image they are in: programs, libraries and the
# loader below it (docs/adr/0020). Run once, in a stage of the Dockerfile beside it.
set -eu
home=/getschwifty/ssh
apt-get update
DEBIAN_FRONTEND=noninteractive apt-get install --yes --no-install-recommends \
  openssh-server openssh-client openssh-sftp-server rsync socat busybox-static patchelf
mkdir -p "$home/bin" "$home/lib"
cp /usr/sbin/sshd /usr/bin/scp /usr/bin/rsync /usr/bin/socat /usr/lib/openssh/sftp-server "$home/bin/"
cp -L "$(patchelf --print-interpreter /usr/sbin/sshd)" "$home/lib/loader"
for program in "$home"/bin/*; do ldd "$program"; done | sed -n 's/.* => \(\/[^ ]*\) .*/\1/p' | sort -u |
  while read -r library; do cp -L "$library" "$home/lib/"; done
for program in "$home"/bin/*; do
  # RPATH, not RUNPATH: it counts for the libraries of libraries too.
  patchelf --set-interpreter "$home/lib/loader" --force-rpath --set-rpath "$home/lib" "$program"
done
# Static: it runs where there is nothing else.
cp /bin/busybox "$home/bin/busybox"
cp /access/sshd_config /access/serve /access/said /access/shell /access/keys "$home/"
chmod 0755 "$home/serve" "$home/said" "$home/shell" "$home/keys"
chmod 0644 "$home/sshd_config"
