# Heals a target whose harness is not heard of any more. Run as
#   bash -c THIS ordeal-dead-man OWNER FAULT LEASE END CHANGE…
# OWNER and FAULT are for `ps` and `ordeal clean`; LEASE and END are hundredths of a second from now, and a CHANGE is
#   MARK  LOOKS LOOK…  UNDOES UNDO…
# with the numbers of words of two commands. Words are never more than arguments: nothing of them is read as shell.
# On standard input it hears `renew` and `disarm`; its end is the harness's.
trap '' HUP INT PIPE
lease=$3
end=$4
shift 4
changes=("$@")

# Hundredths of a second since boot: nobody sets that clock.
look_at_clock() {
  local up
  read -r up _ </proc/uptime
  now=$((10#${up/./}))
}

is_there() {
  local said
  said=$(timeout 10 "${look[@]}" 2>/dev/null </dev/null) && [[ $said == *"$mark"* ]]
}

heal() {
  local at=0 words mark look undo
  left=0
  while ((at < ${#changes[@]})); do
    mark=${changes[at]}
    words=${changes[at + 1]}
    look=("${changes[@]:at+2:words}")
    at=$((at + 2 + words))
    words=${changes[at]}
    undo=("${changes[@]:at+1:words}")
    at=$((at + 1 + words))
    is_there || continue
    timeout 10 "${undo[@]}" >/dev/null 2>&1 </dev/null
    if is_there; then left=1; fi
  done
}

say() { printf '%s\n' "$1" 2>/dev/null; }

# Waits for a word for so many hundredths of a second. 0: heard; 1: nobody will speak any more; above 128: silence.
hear() {
  local seconds
  printf -v seconds '%d.%02d' $(($1 / 100)) $(($1 % 100))
  word=
  IFS= read -r -t "$seconds" word
}

look_at_clock
heard=$now
end=$((now + end))
say armed
while :; do
  until=$((heard + lease < end ? heard + lease : end))
  look_at_clock
  if ((now >= until)); then
    fired='the run was not heard of in time'
    break
  fi
  hear $((until - now))
  status=$?
  if ((status > 0 && status <= 128)); then
    fired='the run is gone'
    break
  fi
  case $word in
    renew)
      look_at_clock
      heard=$now
      say renewed
      ;;
    disarm)
      say disarmed
      exit 0
      ;;
  esac
done

say "fired: $fired"
# What was on its way to the kernel when the harness died arrives after all: it is looked for during another lease.
look_at_clock
enough=$((now + lease))
hopeless=$((now + 20 * lease))
while :; do
  heal
  look_at_clock
  if ((now >= enough && left == 0 || now >= hopeless)); then exit "$left"; fi
  hear 100
  status=$?
  if [[ $word == disarm ]]; then
    say disarmed
    exit 0
  fi
  if ((status > 0 && status <= 128)); then sleep 1; fi
done
