#!/bin/sh
# The guest's first process: what a distribution's init would have made ready, then the agent. Guest root is the calling
# user on the host: it reads what that user reads, and writes only $ordeal_work. boot.ts puts ordeal_node, ordeal_agent
# and ordeal_work into the environment.
export PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin HOME=/run/home TMPDIR=/run/tmp
# In the process namespace that the guest is in, the host's root appears as user 65534, and so would anybody who starts a
# set-user-id program, `mount` first of all. With no-new-privs the bit is not looked at.
[ -n "${ordeal_init:-}" ] || ordeal_init=1 exec setpriv --no-new-privs "$0"
stop() { sync; halt -d -f 2> /dev/null || echo o > /proc/sysrq-trigger; sleep 5; }
trap 'printf "{\"event\":\"failed\",\"step\":\"%s\"}\n" "$step" >&9; stop' EXIT
set -e

step=tty     # held open from here on: a last close throws away commands that wait to be read. Raw: no echo of commands
             # back to the host, no line limit of 4095, no newline rewriting
exec 9<> /dev/ttyS0
stty raw -echo <&9

step=mounts  # nothing is mounted over /tmp, where the project, node or the work folder may be: TMPDIR says where to write
mount -t proc proc /proc
mount -t sysfs sysfs /sys
mount -t tmpfs -o mode=755 tmpfs /run
mkdir -p /run/work /run/home /run/tmp /run/lock /run/modroot/lib /dev/shm /dev/pts
mount -t hostfs -o "$ordeal_work" none /run/work
mount -t tmpfs tmpfs /dev/shm
mount -t devpts devpts /dev/pts
ln -sf /proc/self/fd /dev/fd

step=modules # modprobe is told where Debian puts the guest's modules, and so is the kernel: then every qdisc and link type
             # loads itself, with what it depends on, when it is first used
ln -s /usr/lib/uml/modules /run/modroot/lib/modules
printf '#!/bin/sh\nexec /sbin/modprobe -d /run/modroot "$@"\n' > /run/modprobe
chmod 755 /run/modprobe
echo /run/modprobe > /proc/sys/kernel/modprobe
/run/modprobe tun   # makes /dev/net/tun itself: /dev is a devtmpfs

step=loopback
ip link set lo up

step=agent
set +e; trap - EXIT
"$ordeal_node" "$ordeal_agent" <&9 >&9
stop
