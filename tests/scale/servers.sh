# servers.sh: a PostgreSQL and a Slurm of two nodes on this machine, for as long as a test runs.
#
# Sourced by a test that has set $work (a separate folder, on a path short enough for Unix
# sockets). Nothing listens beyond the loopback interface, and servers_stop leaves nothing running.
# Debian: postgresql, slurm-wlm, munge, libpq5.

pg_bin=$(ls -d /usr/lib/postgresql/*/bin 2>/dev/null | sort -V | tail -n 1)
PATH=$PATH:/usr/sbin:/sbin${pg_bin:+:$pg_bin}

# The missing servers, as the names of Debian packages; nothing if all exist.
servers_missing() {
	command -v postgres >/dev/null || printf 'postgresql '
	command -v slurmctld >/dev/null && command -v slurmd >/dev/null && command -v sbatch >/dev/null || printf 'slurm-wlm '
	command -v munged >/dev/null || printf 'munge '
	command -v openssl >/dev/null || printf 'openssl '
}

# PostgreSQL does not run as root.
as_postgres() {
	if [ "$(id -u)" -eq 0 ]; then
		setpriv --reuid=postgres --regid=postgres --clear-groups -- "$@"
	else
		"$@"
	fi
}

# The requirements of a server that this machine or container does not allow; nothing if it allows all.
# Tested before the start. A server that then does not start is a failure, not a skip: otherwise a mistake in its
# settings would disable this test without notice.
servers_refused() {
	as_postgres true 2>/dev/null || echo "a user beside root, for PostgreSQL"
	grep -q ' - cgroup2\? ' /proc/self/mountinfo || echo "control groups, for Slurm"
	python3 - "$work" <<-'END'
		import mmap, os, socket, struct, sys
		def unix():
		    path = os.path.join(sys.argv[1], "probe")
		    server, client = socket.socket(socket.AF_UNIX), socket.socket(socket.AF_UNIX)
		    server.bind(path)
		    server.listen()
		    client.connect(path)
		    uid = struct.unpack("3i", server.accept()[0].getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, 12))[1]
		    os.unlink(path)
		    if uid != os.getuid():
		        raise OSError("its other end is user %d" % uid)
		def loopback():
		    server = socket.create_server(("127.0.0.1", 0))
		    socket.create_connection(server.getsockname(), 10)
		def shared():
		    path = "/dev/shm/tollbook.%d" % os.getpid()
		    with open(path, "w+b") as file:
		        os.unlink(path)
		        os.posix_fallocate(file.fileno(), 0, 1 << 20)
		        mmap.mmap(file.fileno(), 1 << 20)
		needs = (("a Unix socket that identifies its peer, for munge", unix),
		         ("a port on the loopback interface, for Slurm", loopback), ("shared memory, for PostgreSQL", shared))
		for what, probe in needs:
		    try:
		        probe()
		    except OSError as error:
		        print("%s (%s)" % (what, error))
	END
}

# What the system did not allow a server, from the last lines of its log.
log_refusal() { # LOG...
	tail -q -n 20 "$@" 2>/dev/null | grep -m 1 -E \
		'Operation not permitted|Function not implemented|Read-only file system|No space left on device|Cannot allocate memory'
}

# ---- PostgreSQL ----

postgres_make() {
	mkdir -p "$work/pg"
	if [ "$(id -u)" -eq 0 ]; then
		chown postgres "$work/pg"
	fi
	as_postgres initdb -D "$work/pg/data" -U tollbook --auth=trust -E UTF8 --locale=C -N >"$work/initdb.log" 2>&1
	cat >>"$work/pg/data/postgresql.conf" <<-END
		listen_addresses = ''
		unix_socket_directories = '$work/pg'
		max_connections = 200
		fsync = on
		shared_buffers = 64MB
		client_min_messages = warning
	END
}

postgres_start() {
	as_postgres pg_ctl -D "$work/pg/data" -l "$work/pg/log" -w -t 300 start >/dev/null
}

# All connections are closed, as in a fail-over.
postgres_restart() {
	as_postgres pg_ctl -D "$work/pg/data" -l "$work/pg/log" -m fast -w -t 300 restart >/dev/null
}

postgres_stop() {
	if [ -f "$work/pg/data/postmaster.pid" ]; then
		as_postgres pg_ctl -D "$work/pg/data" -m immediate -w -t 300 stop >/dev/null || true
	fi
}

# ---- Slurm ----

free_port() {
	python3 -c 'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])'
}

# A node has three processors, whatever this machine has: an array of seven tasks then needs both nodes.
slurm_make() {
	local user
	user=$(id -un)
	mkdir -p "$work/munge" "$work/slurm/state" "$work/slurm/n1" "$work/slurm/n2"
	chmod 711 "$work/munge" # munged requires a socket that every user can reach
	dd if=/dev/urandom of="$work/munge/key" bs=128 count=1 status=none
	chmod 400 "$work/munge/key"
	cat >"$work/slurm/slurm.conf" <<-END
		ClusterName=tollbook
		SlurmctldHost=$(hostname -s)(127.0.0.1)
		SlurmUser=$user
		SlurmdUser=$user
		SlurmctldPort=$(free_port)
		AuthType=auth/munge
		AuthInfo=socket=$work/munge/socket,cred_expire=5
		CryptoType=crypto/munge
		CredType=cred/munge
		StateSaveLocation=$work/slurm/state
		SlurmdSpoolDir=$work/slurm/%n
		SlurmctldPidFile=$work/slurm/slurmctld.pid
		SlurmdPidFile=$work/slurm/%n.pid
		SlurmctldLogFile=$work/slurm/slurmctld.log
		SlurmdLogFile=$work/slurm/%n.log
		ProctrackType=proctrack/linuxproc
		TaskPlugin=task/none
		JobAcctGatherType=jobacct_gather/none
		SelectType=select/cons_tres
		SelectTypeParameters=CR_CPU
		SchedulerType=sched/backfill
		SchedulerParameters=sched_interval=1,bf_interval=1,batch_sched_delay=0
		SwitchType=switch/none
		MpiDefault=none
		ReturnToService=2
		SlurmdTimeout=5
		SlurmctldTimeout=10
		MessageTimeout=30
		KillWait=5
		MinJobAge=300
		MaxArraySize=5001
		MaxJobCount=20000
		SlurmdParameters=config_overrides
		NodeName=n1 NodeHostname=$(hostname -s) NodeAddr=127.0.0.1 Port=$(free_port) CPUs=3 RealMemory=2000
		NodeName=n2 NodeHostname=$(hostname -s) NodeAddr=127.0.0.1 Port=$(free_port) CPUs=3 RealMemory=2000
		PartitionName=all Nodes=n1,n2 Default=YES MaxTime=INFINITE State=UP
	END
	export SLURM_CONF=$work/slurm/slurm.conf
}

# Waits until a command succeeds, with a limit in seconds.
wait_for() {
	local seconds=$1
	shift
	local end=$((SECONDS + seconds))
	until "$@" >/dev/null 2>&1; do
		if [ "$SECONDS" -ge "$end" ]; then
			echo "waited $seconds s in vain for: $*" >&2
			return 1
		fi
		sleep 0.2
	done
}

alive() { # PIDFILES
	local file
	for file in $1; do
		[ -f "$file" ] && kill -0 "$(cat "$file")" 2>/dev/null || return 1
	done
}

# Waits only while the daemons run, because without them commands take long to fail.
wait_while() { # PIDFILES SECONDS COMMAND...
	wait_for "$2" up_or_over "$1" "${@:3}" && alive "$1"
}

up_or_over() { # PIDFILES COMMAND...
	! alive "$1" || "${@:2}"
}

# A node has a process namespace, if the kernel allows it: all its processes end with the first one.
alone=
for try in "unshare --fork --pid --mount-proc --kill-child=KILL" \
	"unshare --user --map-current-user --fork --pid --mount-proc --kill-child=KILL"; do
	[ -n "$alone" ] || ! $try true 2>/dev/null || alone=$try
done

node_start() {
	$alone slurmd -N "$1" -D -f "$SLURM_CONF" >"$work/slurm/$1.out" 2>&1 &
	echo $! >"$work/slurm/$1.shell"
	disown # or the shell reports each as killed
}

# A node failure: its daemon and all its processes get no time to clean up.
node_kill() {
	local shell first
	shell=$(cat "$work/slurm/$1.shell")
	first=$(cat "/proc/$shell/task/$shell/children" 2>/dev/null) || true
	kill -9 "$shell" 2>/dev/null || true
	first=${first%% *}
	wait_for 60 [ ! -e "/proc/${first:-none}/stat" ] # then its port is free
}

# Without a process namespace, the processes of a node would continue after it.
nodes_mortal() {
	[ -n "$alone" ]
}

# The controller's state of a node. (sinfo may go on showing "mixed" for one that is down: it counts the
# processors of jobs that have gone, until something else changes.)
node_state() { # NODE
	scontrol -o show node "$1" | grep -o ' State=[^ ]*'
}

# Reports to the controller that the node is down, as a health check does: without it this may take minutes. The jobs of
# the node go back to the queue.
node_down() { # NODE
	scontrol update NodeName="$1" State=DOWN Reason=killed || true # rejected if it is down already
	node_state "$1" | grep -q 'State=DOWN'
}

nodes_idle() {
	[ "$({ node_state n1; node_state n2; } | grep -c -E 'State=(IDLE|MIXED|ALLOCATED)(\+COMPLETING)?$')" -eq 2 ]
}

slurm_start() {
	munged -F --key-file="$work/munge/key" --socket="$work/munge/socket" --pid-file="$work/munge/pid" \
		--log-file="$work/munge/log" --seed-file="$work/munge/seed" --num-threads=2 >"$work/munge/out" 2>&1 &
	echo $! >"$work/munge/shell"
	wait_while "$work/munge/shell" 120 test -S "$work/munge/socket" || return
	slurmctld -D -f "$SLURM_CONF" >"$work/slurm/slurmctld.out" 2>&1 &
	echo $! >"$work/slurm/slurmctld.shell"
	node_start n1
	node_start n2
	wait_while "$work/slurm/slurmctld.shell $work/slurm/n1.shell $work/slurm/n2.shell" 300 nodes_idle
}

# One of the daemons of this test, by the process number stored at its start.
daemon_stop() {
	local pid
	[ -f "$1" ] || return 0
	pid=$(cat "$1")
	kill "$pid" 2>/dev/null || true
	for _ in $(seq 50); do
		kill -0 "$pid" 2>/dev/null || return 0
		sleep 0.1
	done
	kill -9 "$pid" 2>/dev/null || true
}

slurm_stop() {
	if alive "$work/slurm/slurmctld.shell"; then
		scancel --user="$(id -un)" 2>/dev/null || true
		sleep 0.5
	fi
	for node in n1 n2; do
		if [ -f "$work/slurm/$node.shell" ]; then
			if nodes_mortal; then node_kill $node; else daemon_stop "$work/slurm/$node.shell"; fi
		fi
	done
	daemon_stop "$work/slurm/slurmctld.shell"
	daemon_stop "$work/munge/shell"
}

servers_stop() {
	slurm_stop
	postgres_stop
}
