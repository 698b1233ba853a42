# Sweeps up after a harness that was killed. Run as
#   sh THIS LOG COMMAND…
# Its standard input is the harness's: a word on it, and all is well; its end without one, and the harness is gone. The
# command then runs at once and three times more: what was on its way when the harness died (a container that is being
# created) arrives after all.
trap '' HUP INT
log=$1
shift
read -r word && exit 0
for pause in 0 10 20 30; do
  sleep "$pause"
  # A folder that went with its run is not for this one to make again, and the work is done without it.
  [ -d "${log%/*}" ] || log=/dev/null
  "$@" >>"$log" 2>&1 </dev/null
done
