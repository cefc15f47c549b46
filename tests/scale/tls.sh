# tls.sh: the ledger in PostgreSQL over TLS, on a port of the loopback interface. Sourced by run, after ledger.sh.

# A certificate for localhost by a separate authority, and one of another authority.
authority() { # NAME
	openssl req -x509 -newkey rsa:2048 -nodes -days 2 -subj "/CN=$1" -keyout "$work/$1.key" -out "$work/$1.crt" 2>/dev/null
}
authority ours
authority others
openssl req -newkey rsa:2048 -nodes -subj /CN=localhost -keyout "$work/server.key" -out "$work/server.csr" 2>/dev/null
openssl x509 -req -in "$work/server.csr" -CA "$work/ours.crt" -CAkey "$work/ours.key" -CAcreateserial -days 2 \
	-extfile <(echo "subjectAltName=DNS:localhost") -out "$work/server.crt" 2>/dev/null
as_postgres cp /dev/stdin "$work/pg/data/server.crt" <"$work/server.crt"
as_postgres sh -c "umask 077; cat >'$work/pg/data/server.key'" <"$work/server.key"
port=$(free_port)
as_postgres sh -c "cat >>'$work/pg/data/postgresql.conf'" <<END
listen_addresses = '127.0.0.1'
port = $port
ssl = on
END
as_postgres sh -c "cat >'$work/pg/data/pg_hba.conf'" <<END
local all all trust
hostssl all all 127.0.0.1/32 trust
END
postgres_restart
export PGPORT=$port # of the socket, too

over_tls() { # HOST OPTIONS
	echo "postgresql://tollbook@$1:$port/tls?$2"
}
createdb -h "$work/pg" -U tollbook tls
plan 4 t
for step in map fit; do
	for k in 0 1 2 3; do
		"$tollbook" shard $step plan4t --task $k
	done
done
for k in 0 1 2 3; do
	attribute plan4t $k "$(over_tls localhost "sslmode=verify-full&sslrootcert=$work/ours.crt")"
done
report_book plan4t "$(over_tls localhost "sslmode=verify-full&sslrootcert=$work/ours.crt")"
same "PostgreSQL over TLS" plan4t.book.json

# refused WHAT ADDRESS STATUS WHY: no connection is made, with this reason
refused() {
	local status=0
	"$tollbook" report -q --book "$2" >/dev/null 2>refused || status=$?
	equal "$1" "$status $(grep -ciE "$4" refused)" "$3 1"
}
refused "another authority's certificate is refused" "$(over_tls localhost "sslmode=verify-full&sslrootcert=$work/others.crt")" 3 'certificate verify failed'
refused "a certificate for another host is refused" "$(over_tls 127.0.0.1 "sslmode=verify-full&sslrootcert=$work/ours.crt")" 3 'does not match host name'
refused "without TLS the server refuses" "$(over_tls localhost sslmode=disable)" 2 'no encryption'
unset PGPORT
