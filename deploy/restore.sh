#!/bin/sh
# 恢复备份 · Restore a backup, with the bot stopped: sh restore.sh 备份目录 · BACKUP
set -eu
from=${1:?用法 · usage: sh restore.sh BACKUP}
umask 077
if [ -f .env ]; then
  DATABASE_URL=${DATABASE_URL:-$(sed -n 's/^DATABASE_URL=//p' .env)}
  NINGWEN_DATA_DIR=${NINGWEN_DATA_DIR:-$(sed -n 's/^NINGWEN_DATA_DIR=//p' .env)}
fi
data=${NINGWEN_DATA_DIR:-${XDG_DATA_HOME:-$HOME/.local/share}/ningwen}
mkdir -p "$data"
case "${DATABASE_URL:-}" in
  postgres*) pg_restore --clean --if-exists --no-owner --dbname="$(printf %s "$DATABASE_URL" | sed 's/+psycopg//')" "$from/ningwen.dump" ;;
  *)
    file=${DATABASE_URL:-}
    file=${file#sqlite:///}
    file=${file:-$data/ningwen.db}
    rm -f "$file-wal" "$file-shm"
    cp "$from/ningwen.db" "$file.new"
    mv "$file.new" "$file"
    ;;
esac
if [ -f "$from/hash.key" ]; then cp "$from/hash.key" "$data/hash.key"; fi
echo "已恢复 · restored: $from"
