#!/bin/sh
# Makes an authority of one's own and the certificates that deploy/compose uses: PostgreSQL, three NATS servers, and the
# proxies before desk and gateways. Run it where the authority's key may stay; give each server its own two files only.
#
#   deploy/certificates.sh FOLDER [NAME…]
set -eu
folder=${1:?"name a folder for the certificates"}
shift
[ $# -gt 0 ] || set -- postgres nats-1 nats-2 nats-3 desk gateway
umask 077
mkdir -p "$folder"
cd "$folder"
if [ ! -f ca.key ]; then
  openssl ecparam -name prime256v1 -genkey -noout -out ca.key
  openssl req -x509 -new -key ca.key -sha256 -days 1825 -subj "/CN=Writ cluster authority" \
    -addext "basicConstraints=critical,CA:TRUE,pathlen:0" -addext "keyUsage=critical,keyCertSign,cRLSign" -out ca.pem
fi
for name in "$@"; do
  [ ! -f "$name.pem" ] || continue
  openssl ecparam -name prime256v1 -genkey -noout -out "$name.key"
  openssl req -new -key "$name.key" -subj "/CN=$name" -out "$name.csr"
  printf 'subjectAltName=DNS:%s\nextendedKeyUsage=serverAuth,clientAuth\nkeyUsage=digitalSignature\n' "$name" > "$name.ext"
  openssl x509 -req -in "$name.csr" -CA ca.pem -CAkey ca.key -CAcreateserial -days 397 -sha256 -extfile "$name.ext" -out "$name.pem"
  rm "$name.csr" "$name.ext"
done
chmod 644 ./*.pem
