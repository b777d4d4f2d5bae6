#!/bin/sh
# kernel.sh DIR: puts a kernel with fs-verity and the modules that the guest wants into DIR, from the
# packages of Debian. The package is unpacked, never installed.
set -eu
mkdir -p "$1"
cd "$1"
test -e order && exit 0
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
chmod 755 "$work"
name=linux-image-6.12-cloud-amd64
apt-cache show "$name" > "$work/known" 2> "$work/unknown" || apt-get -qq update
package=$(apt-cache depends "$name" | sed -n 's/^ *Depends: \(linux-image-[0-9].*\)$/\1/p' | head -n 1)
(cd "$work" && apt-get -qq -o APT::Sandbox::User=root download "$package")
dpkg-deb -x "$work"/linux-image-*.deb "$work/unpacked"
cp "$work"/unpacked/boot/vmlinuz-* vmlinuz
for module in virtio_blk libcrc32c erofs overlay loop; do
  xz -dc "$(find "$work/unpacked" -name "$module.ko.xz")" > "$module.ko"
  echo "$module" >> order.part
done
mv order.part order
