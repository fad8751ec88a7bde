#!/bin/bash
# In Apache Kafka's own image, with our settings: formats the volume once, then becomes the broker.
# container.sh SETTINGS FORMAT: a properties file, and a file with more words for the formatting.
set -euo pipefail
settings=$1 format=$2
data=$(sed -n 's/^log\.dirs=//p' "$settings")
if [ ! -e "$data/meta.properties" ]; then
  cluster=$(kafka-storage.sh random-uuid)
  kafka-storage.sh format --standalone --cluster-id "$cluster" --config "$settings" "@$format"
fi
exec kafka-server-start.sh "$settings"
