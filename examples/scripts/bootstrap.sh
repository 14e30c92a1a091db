#!/bin/sh
# Installs a minimal Ubuntu on the empty disk of a helper instance. Needs ARCHITECTURE and SUITE.
set -eu

# The size tells the new disk from the helper's own: NVMe instances give it a name that nobody asked for.
disk=$(lsblk --nodeps --noheadings --paths --bytes --output NAME,SIZE | awk '$2 == 4294967296 { print $1; exit }')
case "$disk" in
    *[0-9]) part="${disk}p" ;;
    *) part="$disk" ;;
esac
root=/mnt/root

export DEBIAN_FRONTEND=noninteractive
sudo -E apt-get -qq update
sudo -E apt-get -qq -y install debootstrap dosfstools gdisk

# One partition for the firmware, BIOS or UEFI, and one for the system.
sudo sgdisk --zap-all \
    --new=1:0:+1M --typecode=1:ef02 \
    --new=2:0:+64M --typecode=2:ef00 \
    --new=3:0:0 --typecode=3:8300 "$disk"
sudo udevadm settle
sudo mkfs.vfat "${part}2"
sudo mkfs.ext4 -q -L root "${part}3"
sudo mkdir -p "$root"
sudo mount "${part}3" "$root"
sudo mkdir -p "$root/boot/efi"
sudo mount "${part}2" "$root/boot/efi"

sudo debootstrap --arch="$ARCHITECTURE" "$SUITE" "$root"
printf 'LABEL=root / ext4 defaults 0 1\n' | sudo tee "$root/etc/fstab" > /dev/null
for folder in dev proc sys; do
    sudo mount --rbind "/$folder" "$root/$folder"
done

mirror=http://archive.ubuntu.com/ubuntu
[ "$ARCHITECTURE" = amd64 ] || mirror=http://ports.ubuntu.com/ubuntu-ports
printf 'deb %s %s main universe\ndeb %s %s-updates main universe\n' "$mirror" "$SUITE" "$mirror" "$SUITE" |
    sudo tee "$root/etc/apt/sources.list" > /dev/null

install() {
    sudo chroot "$root" env DEBIAN_FRONTEND=noninteractive apt-get -qq -y install "$@"
}

sudo chroot "$root" apt-get -qq update
install linux-aws cloud-init openssh-server
if [ "$ARCHITECTURE" = amd64 ]; then
    install grub-pc
    sudo chroot "$root" grub-install --target=i386-pc "$disk"
else
    install grub-efi-arm64
    sudo chroot "$root" grub-install --target=arm64-efi --removable --no-nvram
fi
sudo chroot "$root" update-grub
sudo umount -R "$root"
