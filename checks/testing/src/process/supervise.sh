# Runs a program that stops when the process at the other end of standard input ends.
# Usage: sh -c "$(cat supervise.sh)" LOG PROGRAM [ARGUMENT]…
# Prints the program's process id, and exits as the program does (128 + signal if it was killed).

exec 3<&0 </dev/null
"$@" >>"$0" 2>&1 3<&- &
program=$!
echo "$program"
exec >/dev/null 2>&1

# All of this is one process group, which kill addresses as 0. The guard and this shell ignore SIGTERM.
(
    trap '' HUP INT TERM
    read -r nothing <&3
    kill -TERM 0
    kill -CONT 0
    seconds=0
    while [ "$seconds" -lt 10 ] && kill -0 "$program"; do
        sleep 1
        seconds=$((seconds + 1))
    done
    kill -KILL 0
) &
guard=$!
exec 3<&-
trap '' HUP INT TERM

wait "$program"
status=$?
kill -KILL "$guard"
wait "$guard"
exit "$status"
