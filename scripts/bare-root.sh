#!/usr/bin/env bash
# Makes a machine with only Node and npm, in which people try the commands of the documents. It is not for CI: it needs root
# and debootstrap (Debian: apt-get install debootstrap).
#
#   bash scripts/bare-root.sh FOLDER                      makes the machine in FOLDER, with a copy of this repository
#   bash scripts/bare-root.sh FOLDER 'bash .ci/run'       runs a command there, in the repository, as root
#   bash scripts/bare-root.sh --user FOLDER 'npm test'    the same as a user who has no sudo
#
# Each command gets a new copy of the repository, without installed or built files. To remove the machine:
#   bash scripts/bare-root.sh --remove FOLDER
set -euo pipefail
repository=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)

user=root home=/root remove=no
case ${1-} in
  --user) user=payer home=/home/payer; shift ;;
  --remove) remove=yes; shift ;;
esac
folder=${1:?which folder? See the first lines of this script.}
shift
mkdir -p "$folder"
folder=$(cd "$folder" && pwd)

mounted() { mountpoint -q "$folder/proc"; }

if [ $remove = yes ]; then
  ! mounted || umount "$folder/proc"
  ! mountpoint -q "$folder/dev" || umount "$folder/dev"
  rm -rf --one-file-system "$folder"
  exit
fi

if [ ! -e "$folder/etc/debian_version" ]; then
  debootstrap --variant=minbase "$(. /etc/os-release && echo "$VERSION_CODENAME")" "$folder"
  chroot "$folder" useradd --create-home payer
fi

# Node and npm of this machine, and its files for host names and certificates.
node=$(readlink -f "$(command -v node)")
npm=$(dirname "$(dirname "$(readlink -f "$(command -v npm)")")")
install -D "$node" "$folder/usr/local/bin/node"
mkdir -p "$folder/usr/local/lib/node_modules" "$folder/etc/ssl/certs"
cp -a "$npm" "$folder/usr/local/lib/node_modules/"
ln -sf ../lib/node_modules/npm/bin/npm-cli.js "$folder/usr/local/bin/npm"
ln -sf ../lib/node_modules/npm/bin/npx-cli.js "$folder/usr/local/bin/npx"
for file in /etc/hosts /etc/resolv.conf /etc/ssl/certs/ca-certificates.crt; do cp -L "$file" "$folder$file"; done
mounted || mount -t proc proc "$folder/proc"
mountpoint -q "$folder/dev" || mount --bind /dev "$folder/dev"

rm -rf "$folder$home/repository"
mkdir -p "$folder$home/repository"
git -C "$repository" ls-files -z | tar -C "$repository" --null --files-from=- -c | tar -C "$folder$home/repository" -x
chroot "$folder" chown -R "$user" "$home/repository"
[ $# = 0 ] && exit

passed=()
for name in HTTP_PROXY HTTPS_PROXY NO_PROXY http_proxy https_proxy no_proxy; do
  [ -z "${!name-}" ] || passed+=("$name=${!name}")
done
exec chroot --userspec="$user" "$folder" env -i \
  HOME="$home" PATH=/usr/local/bin:/usr/bin:/bin:/usr/local/sbin:/usr/sbin:/sbin TERM="${TERM-dumb}" \
  NODE_EXTRA_CA_CERTS=/etc/ssl/certs/ca-certificates.crt "${passed[@]}" \
  bash -c "cd '$home/repository' && $*"
