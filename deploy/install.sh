#!/bin/sh
# 离线安装 · Install without internet: sh install.sh [目录 · folder, default /opt/ningwen]
# Each run makes a release of its own; 「current」 points to the one that is used, and moves last.
set -eu
here=$(cd "$(dirname "$0")" && pwd)
target=${1:-/opt/ningwen}
python=${PYTHON:-python3}

"$python" -c 'import sys; sys.exit(sys.version_info < (3, 11) and "需要 Python 3.11 或更新版本 · Python 3.11 or newer is needed")'
(cd "$here" && sha256sum --quiet -c SHA256SUMS)

release="$target/releases/$(date +%Y%m%d-%H%M%S)"
mkdir -p "$target/releases"
"$python" -m venv "$release"
"$release/bin/python" -m pip install -q --disable-pip-version-check --no-index --find-links "$here/wheels" \
  --requirement "$here/requirements.txt" --no-deps
"$release/bin/python" -m pip install -q --disable-pip-version-check --no-index --no-deps "$here"/wheels/ningwen-*.whl
"$release/bin/ningwen" --help >/dev/null

[ -e "$target/.env" ] || { cp "$here/env.example" "$target/.env" && chmod 600 "$target/.env"; }
ln -sfn "$release" "$target/current.new"
mv -T "$target/current.new" "$target/current"
echo "已安装 · installed: $release"
echo "配置 · settings: $target/.env"
