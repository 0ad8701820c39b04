#!/bin/sh
# 备份数据库和假名密钥 · Back up the database and the key of the pseudonyms, while the bot runs: sh backup.sh 目标目录 · FOLDER
# Needs DATABASE_URL or NINGWEN_DATA_DIR as the bot has them (both are read from .env in the present folder).
set -eu
target=${1:?用法 · usage: sh backup.sh FOLDER}
umask 077
if [ -f .env ]; then
  DATABASE_URL=${DATABASE_URL:-$(sed -n 's/^DATABASE_URL=//p' .env)}
  NINGWEN_DATA_DIR=${NINGWEN_DATA_DIR:-$(sed -n 's/^NINGWEN_DATA_DIR=//p' .env)}
fi
data=${NINGWEN_DATA_DIR:-${XDG_DATA_HOME:-$HOME/.local/share}/ningwen}
out="$target/ningwen-$(date +%Y%m%d-%H%M%S)"
mkdir -p "$out"
case "${DATABASE_URL:-}" in
  postgres*) pg_dump --format=custom --file="$out/ningwen.dump" "$(printf %s "$DATABASE_URL" | sed 's/+psycopg//')" ;;
  *)
    file=${DATABASE_URL:-}
    file=${file#sqlite:///}
    "${PYTHON:-python3}" - "${file:-$data/ningwen.db}" "$out/ningwen.db" <<'PY'
import sqlite3, sys
source = sqlite3.connect(f"file:{sys.argv[1]}?mode=ro", uri=True)
target = sqlite3.connect(sys.argv[2])
source.backup(target)
assert target.execute("PRAGMA integrity_check").fetchone() == ("ok",)
PY
    ;;
esac
if [ -f "$data/hash.key" ]; then cp "$data/hash.key" "$out/"; fi
echo "$out"
