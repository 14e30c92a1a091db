#!/bin/sh
# Prepares an image of ComboAMI: the tools to bundle it, and the code that configures a node at its first boot.
set -eu

: "${COMBOAMI_VERSION:?}" "${COMBOAMI_BRANCH:?}" "${COMBOAMI_USER:?}"
home=$(getent passwd "$COMBOAMI_USER" | cut -d: -f6)

sudo -E apt-get -qq update
sudo -E apt-get -qq -y install git ruby unzip

case ${PACKER_BUILD_NAME-} in
    *-hvm*) sudo -E apt-get -qq -y install gdisk kpartx grub-pc ;;
    *-pv) sudo -E apt-get -qq -y install grub ;;
esac

curl -fsS -o /tmp/ec2-ami-tools.zip https://s3.amazonaws.com/ec2-downloads/ec2-ami-tools.zip
unzip -q /tmp/ec2-ami-tools.zip -d "$home"
mv "$home"/ec2-ami-tools-* "$home/ec2-ami-tools"
rm /tmp/ec2-ami-tools.zip

git clone -q --branch "$COMBOAMI_BRANCH" https://github.com/riptano/ComboAMI.git "$home/datastax_ami"
printf '%s\n' "$COMBOAMI_VERSION" > "$home/datastax_ami/version"

# Nothing of this machine stays in the image.
sudo rm -f /etc/ssh/ssh_host_* /root/.bash_history "$home/.bash_history"
