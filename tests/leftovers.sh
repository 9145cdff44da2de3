# shellcheck shell=bash
# What a run of the tests leaves behind when it is cut, and how it goes: ./dev test keeps all
# that its parts make in one folder, temporary files of every program included.

# marked MARK: the live processes whose OFFSTAGE_TEST_RUN begins so
marked()
{
    local environment

    for environment in /proc/[0-9]*/environ; do
        ! grep -qzF "OFFSTAGE_TEST_RUN=$1" "$environment" 2>/dev/null || printf '%s\n' "${environment//[!0-9]/}"
    done
}

# clusters FOLDER: processes of PostgreSQL that work below it. PostgreSQL writes over its environment, and
# one that starts has no process in its postmaster.pid yet.
clusters()
{
    find /proc/[0-9]* -maxdepth 1 -name cwd -lname "$1/*" -printf '%h\n' 2>/dev/null | while read -r process; do
        [[ $(cat "$process/comm" 2>/dev/null) != postgres ]] || printf '%s\n' "${process#/proc/}"
    done
}

# memory_of FOLDER: the shared memory of those, which one that is killed while it makes a cluster leaves
memory_of()
{
    local process

    for process in $(clusters "$1"); do
        grep -ho '/dev/shm/PostgreSQL\.[0-9]*' "/proc/$process/maps"
    done
}

# instances FOLDER: the folders below it in which ./dev up has been
instances()
{
    find "$1" -name secret.key -printf '%h\n' 2>/dev/null
}

# all_gone SECONDS COMMAND...: whether the command, which lists processes, lists none in that time
all_gone()
{
    local end=$((SECONDS + $1))
    shift

    while [[ -n $("$@") ]]; do
        ((SECONDS < end)) || return
        sleep 0.1
    done
}

# remove_run FOLDER MARK: end all that the run has started, and remove all that it has made
remove_run()
{
    local var memory

    # shellcheck disable=SC2046,SC2086 # lists of numbers and of files
    {
        # The parts themselves first: they would go on, and write to the folder.
        kill -KILL $(cat "$1"/*/pid)
        # Halted, so that nothing is made behind the list of what there is.
        kill -STOP $(marked "$2")
        kill -STOP $(clusters "$1")
        memory=$(memory_of "$1")
        kill $(marked "$2")
        kill -CONT $(marked "$2") $(clusters "$1")
        for var in $(instances "$1"); do
            "$TOP/dev" --var "$var" down
        done
        memory+=" $(memory_of "$1")"
        kill -QUIT $(clusters "$1")
        all_gone 20 clusters "$1" || kill -KILL $(clusters "$1")
        all_gone 10 marked "$2" || kill -KILL $(marked "$2")
        rm -f $memory
        # A process that was killed may have made a file meanwhile.
        all_gone 10 rm_all "$1"
    } >/dev/null 2>&1
}

# rm_all FOLDER: the folder's name while there is something of it
rm_all()
{
    rm -rf -- "$1"
    [[ ! -e $1 ]] || printf '%s\n' "$1"
}

# watch_run PROCESS FOLDER MARK: for a run that is killed and can do nothing itself
watch_run()
{
    trap '' INT HUP
    tail -s 0.5 --pid "$1" -f /dev/null
    [[ ! -d $2 ]] || remove_run "$2" "$3"
}
