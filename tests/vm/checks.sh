# What a kernel with fs-verity enforces. Runs in the guest, in an empty directory of an ext4 that can
# seal. Prints a line a check: DONE NAME or REFUSED NAME as it should be; LET NAME if something was let
# through; ODD NAME with what was said, if it failed in another way.

# done_ NAME COMMAND...: the command must succeed.
done_() {
  name=$1; shift
  if said=$("$@" 2>&1); then echo "DONE $name"; else echo "ODD $name: $? $said"; fi
}

# refused NAME WORDS COMMAND...: the command must fail, and say these words.
refused() {
  name=$1 words=$2; shift 2
  if said=$("$@" 2>&1); then
    echo "LET $name"
  else
    case $said in *"$words"*) echo "REFUSED $name" ;; *) echo "ODD $name: $said" ;; esac
  fi
}

# mounted COMMAND...: runs a command while $image is mounted on m, in the way that $how says.
how=
mounted() {
  cfs mount $how --basedir=objects ${options:+-o "$options"} "$image" m || return
  "$@"
  code=$?
  cfs umount m || return
  return $code
}

# flip FILE BLOCK: changes a byte of a block of a file, on the disk alone. Twice undoes it.
flip() {
  sync
  block=$(debugfs -R "bmap /$1 $2" /dev/vda 2> /dev/null)
  at=$((block * 4096 + 100))
  byte=$(dd if=/dev/vda bs=1 skip=$at count=1 2> /dev/null | hexdump -e '1/1 "%d"')
  printf "\\$(printf %o $((byte ^ 1)))" | dd of=/dev/vda bs=1 seek=$at conv=notrunc 2> /dev/null
  sync
  echo 3 > /proc/sys/vm/drop_caches
}

# instead OBJECT FILE: puts a file in the place of an object, which stays beside it.
instead() { mv "$1" "$1.kept"; cp "$2" "$1"; echo 3 > /proc/sys/vm/drop_caches; }
restore() { rm -f "$1"; mv "$1.kept" "$1"; echo 3 > /proc/sys/vm/drop_caches; }

# enforcement NAME: everything that must be refused, with what $options demand.
enforcement() {
  image=plain.cfs
  refused "$1 unsealed image" 'is not sealed' mounted true
  image=image.cfs
  done_ "$1 all is well" mounted cmp src/big m/big
  done_ "$1 inline" mounted cmp src/small m/small

  instead "$big" tampered
  refused "$1 replaced object, not sealed" 'Input/output error' mounted cat m/big
  done_ "$1 other object meanwhile" mounted cmp src/middle m/middle
  cfs verity enable "$big"
  refused "$1 replaced object, sealed" 'Input/output error' mounted cat m/big
  restore "$big"

  mv "$big" away
  refused "$1 missing object" 'No such file or directory' mounted cat m/big
  mv away "$big"

  flip "$big" 40
  refused "$1 flipped byte in an object" 'Input/output error' mounted cat m/big
  done_ "$1 blocks before it" mounted dd if=m/big of=/dev/null bs=4096 count=8
  flip "$big" 40
  flip image.cfs 30
  refused "$1 flipped byte in the image" 'Input/output error' mounted ls -lR m
  flip image.cfs 30
  done_ "$1 all is well again" mounted cmp src/big m/big
}

mkdir m src src/many
dd if=/dev/urandom of=src/big bs=1k count=300 2> /dev/null
dd if=/dev/urandom of=src/middle bs=1k count=5 2> /dev/null
echo small > src/small
i=0
while [ $i -lt 3000 ]; do : > "src/many/a-name-that-takes-some-room-$i"; i=$((i + 1)); done

# Sealing.
cfs mkimage -q --digest-store objects --print-digest src image.cfs > digest || echo 'ODD mkimage'
digest=$(cat digest)
cp image.cfs plain.cfs
big=$(find objects -type f -size +100k)
middle=$(find objects -type f -size -100k)
cp "$big" tampered
printf XXXXXXXXXXXXXXXX | dd of=tampered bs=1 seek=1000 conv=notrunc 2> /dev/null
done_ 'objects are sealed as they are stored' cfs verity measure --require "$big" "$middle"
refused 'an image is not' 'is not sealed' cfs verity measure --require image.cfs
done_ 'an image is sealed' cfs verity enable image.cfs
done_ 'and that again' cfs verity enable image.cfs
done_ 'the kernel measures what was computed' \
  test "$(cfs verity measure image.cfs)" = "kernel   sha256:$digest image.cfs"
refused 'sealed another way before' 'was sealed before' cfs verity enable --digest-alg=sha512 image.cfs
refused 'writing to what is sealed' 'not permitted' sh -c 'echo x >> image.cfs'
refused 'writing to an object' 'not permitted' sh -c "echo x >> $big"
echo busy > busy
exec 9>> busy
refused 'a file that is open for writing' 'open for writing' cfs verity enable busy
exec 9>&-
done_ 'and closed' cfs verity enable busy
done_ 'sha512' sh -c 'echo long > long && cfs verity enable --digest-alg=sha512 long &&
  cfs verity measure long | grep -q "^kernel   sha512:"'
done_ 'a store that must seal' cfs store add --require-verity strict src/big
refused 'a store that must seal and cannot' 'fs-verity' cfs store add --require-verity /scratch/no src/big
cp -r objects copied
done_ 'a store that was copied is sealed' cfs store seal copied
done_ 'all of it' sh -c 'cfs verity measure --require copied/??/*'
done_ 'what is sealed is not read again' test "$(cfs store seal copied 2>&1)" = \
  'cfs: 0 sealed, 2 sealed before, 0 not sealed'
wrong=copied/${big#objects/}
instead "$wrong" tampered
refused 'a wrong object is not sealed' 'expected the digest' cfs store seal copied
refused 'and really not' 'is not sealed' cfs verity measure --require "$wrong"
cfs verity enable "$wrong"
refused 'an object with the seal of another' 'another digest' cfs store add copied src/big
restore "$wrong"

# A scan that trusts the kernel does not read what is sealed.
mkdir sealed
cp src/big src/middle sealed
cfs verity enable sealed/big
cfs dump sealed > dump.txt
flip sealed/big 40
done_ 'a trusting scan believes the seal' sh -c 'cfs dump --trust-kernel-verity sealed | cmp - dump.txt'
refused 'any other scan reads' 'Input/output error' cfs dump sealed
flip sealed/big 40

# Enforcement, and that the checks would tell if there were none.
options=digest=$digest
enforcement digest
image=image.cfs
options=digest=$(tr 0-9a-f 1-9a-f0 < digest)
refused 'wrong digest' 'expected' mounted true
options=
enforcement control

# The same through FUSE, where this program itself compares what the kernel has not.
how=--fuse
options=digest=$(tr 0-9a-f 1-9a-f0 < digest)
refused 'fuse wrong digest' 'expected' mounted true
options=digest=$digest
done_ 'fuse all is well' mounted cmp src/big m/big
instead "$big" tampered
refused 'fuse replaced object, not sealed' 'Input/output error' mounted cat m/big
cfs verity enable "$big"
refused 'fuse replaced object, sealed' 'Input/output error' mounted cat m/big
restore "$big"
flip "$big" 40
refused 'fuse flipped byte in an object' 'Input/output error' mounted cat m/big
flip "$big" 40
done_ 'fuse all is well again' mounted cmp src/middle m/middle

# What the README says to type, as it is written.
mkdir -p readme/rootfs readme/mnt
cp src/big readme/rootfs
done_ 'the commands of the README' sh -c 'cd readme && sh -ex /readme.sh'

done_ 'nothing is left mounted' test -z "$(cfs mounts)"
done_ 'no loop device is left' sh -c '! losetup -a | grep .'
