# shellcheck shell=bash
# Sourced by prepare.sh: a guest of a later release of Debian than the machine's, with the QEMU and the programs of that
# release, for devices that this machine's QEMU and kernel do not know yet. All are run with that release's C library.

# The first that has the drivers of spi, can and rtc. A suite keeps few versions: if this one is gone the newest serves.
later_version=7.3

# Of virtio, Debian leaves these out.
later_drivers=(gpio-virtio i2c-virtio spi-virtio virtio_can virtio_rtc)
later_sources=(gpio/gpio-virtio.c i2c/busses/i2c-virtio.c spi/spi-virtio.c net/can/virtio_can.c
  virtio/virtio_rtc_{class,driver,ptp}.c virtio/virtio_rtc_internal.h)
# shellcheck disable=SC2034 # prepare.sh uses it
later_modules=("${later_drivers[@]}" virtio_input evdev i2c-dev can-raw 9pnet_virtio 9p)

# Prints the name of a kernel of the suite, as uname -r does.
later_kernel() {
  apt_in apt apt-cache pkgnames linux-binary-unsigned- |
    sed -nE 's/^linux-binary-unsigned-([0-9.]+[^-]*-amd64)$/\1/p' | sort -V |
    awk -v wanted="$later_version." '{ newest = $0 } index($0, wanted) == 1 { found = $0 }
      END { print found ? found : newest }'
}

# fetch_later SUITE: leaves kernel, modules and headers unpacked in kernel, the drivers' sources in drivers, and in
# programs what is run.
fetch_later() {
  local suite=$1 name version patterns=() file
  add_suites apt "${suite%-backports}" "$suite"
  name=$(later_kernel)
  if [ -z "$name" ]; then
    echo "$suite has no package linux-binary-unsigned-*-amd64"
    return 1
  fi
  version=$(grep -oE '^[0-9]+\.[0-9]+' <<<"$name")
  mkdir packages
  (
    cd packages || exit
    apt_in ../apt apt-get download "linux-binary-unsigned-$name" "linux-modules-$name" "linux-base-$name" \
      "linux-headers-$name" "linux-headers-${name%-amd64}-common" "linux-kbuild-${name%-amd64}" "linux-source-$version"
    # Without what it depends on: Perl and udev, for programs that nobody runs here.
    apt_in ../apt apt-get -t "$suite" download i2c-tools
  )
  apt_in apt apt-get -t "$suite" install -y --no-install-recommends --download-only \
    qemu-system-x86 gpiod libi2c0 can-utils spi-tools evtest util-linux-extra
  for file in packages/i2c-tools_*.deb apt/cache/archives/*.deb; do dpkg -x "$file" programs; done
  for file in packages/linux-[!s]*.deb; do dpkg -x "$file" kernel; done

  mkdir drivers
  for file in "${later_sources[@]}"; do patterns+=("linux-source-*/drivers/$file"); done
  dpkg-deb --fsys-tarfile packages/linux-source-*.deb | tar -xO --wildcards './usr/src/linux-source-*.tar.xz' |
    xz -dc -T0 | tar -x -C drivers --wildcards --transform 's|.*/||' "${patterns[@]}"
  rm -r packages apt
}

# A folder that a guest can run programs in, and QEMU from: "start PROGRAM" runs one on the host.
arrange_programs() {
  local name
  for name in bin lib lib64 sbin; do ln -sfn "usr/$name" "programs/$name"; done
  mkdir -p programs/{dev,proc,sys,tmp}
  rm -rf programs/usr/share/{doc,info,locale,man} programs/usr/bin/qemu-system-{i386,x86_64-microvm} programs/var
  chmod -R u-s,g-s programs # nobody is to run them as root
  cat >programs/start <<'SCRIPT'
#!/bin/sh
# start PROGRAM [ARGUMENT...]: a program of the release in this directory, with its own libraries.
usr=$(dirname "$0")/usr
export QEMU_MODULE_DIR="$usr/lib/x86_64-linux-gnu/qemu"
exec "$usr/lib64/ld-linux-x86-64.so.2" --argv0 "${1##*/}" --library-path "$usr/lib/x86_64-linux-gnu" "$@"
SCRIPT
  chmod 755 programs/start
}

# The tree against which modules are built, with the compiler of this machine.
arrange_headers() {
  local name=$1 file
  mkdir headers
  mv kernel/usr/src kernel/usr/lib/linux-kbuild-* headers/
  for file in headers/src/*/{scripts,tools}; do
    ln -sfn "../../linux-kbuild-${name%-amd64}/${file##*/}" "$file"
  done
  ln -s "src/linux-headers-$name" headers/build
  # They name the place where they would be installed, and the compiler that made the kernel.
  cat >headers/build/Makefile <<MAKEFILE
KBUILD_OUTPUT := \$(CURDIR)
include ../linux-headers-${name%-amd64}-common/Makefile
MAKEFILE
  sed -i 's/^CC = .*/CC = gcc/' headers/build/.kernelvariables
  echo 'override CONFIG_CC_HAS_MIN_FUNCTION_ALIGNMENT =' >>headers/build/.kernelvariables
  rm -f headers/build/vmlinux # or someone asks for pahole
  for file in headers/linux-kbuild-*/{scripts/mod/modpost,tools/objtool/objtool}.real-*; do
    mv "$file" "$file.program"
    # shellcheck disable=SC2016 # for the script
    printf '#!/bin/sh\nexec "$(dirname "$0")/../../../../programs/start" "$0.program" "$@"\n' >"$file"
    chmod 755 "$file"
  done
}

build_drivers() {
  cat >drivers/Kbuild <<KBUILD
obj-m := ${later_drivers[*]/%/.o}
virtio_rtc-y := virtio_rtc_driver.o virtio_rtc_ptp.o virtio_rtc_class.o
ccflags-y := -DCONFIG_VIRTIO_RTC_PTP=1 -DCONFIG_VIRTIO_RTC_CLASS=1
KBUILD
  make -C headers/build -j "$(nproc)" M="$PWD/drivers" modules
}
