# shellcheck shell=bash
# Sourced by boot.sh of guest and uml, after guest-lib.sh: the options that both have. Not in guest-lib.sh, a change of
# which has the guests built anew.

# parse_options OWN ARGUMENT...: sets what both guests have: run, share, console, reboots, limit, memory, cpus and the array
# sockets. An option among the words of OWN goes to own_option NAME VALUE.
parse_options() {
  local own=" $1 "
  shift
  # shellcheck disable=SC2034 # boot.sh uses them
  run='' share='' console='' reboots=0 limit=120 cpus=1 sockets=()
  while [ $# -gt 0 ]; do
    case $1 in
      -h | --help)
        usage
        exit
        ;;
      --run | --share | --socket | --reboots | --timeout | --memory | --cpus | --console) ;;
      *) [[ $own == *" $1 "* ]] || usage_error "unknown option $1" ;;
    esac
    [ $# -gt 1 ] || usage_error "$1 needs a value"
    # shellcheck disable=SC2034
    case $1 in
      --run) run=$2 ;;
      --share) share=$2 ;;
      --socket) sockets+=("$2") ;;
      --reboots) reboots=$2 ;;
      --timeout) limit=$2 ;;
      --memory) memory=$2 ;;
      --cpus) cpus=$2 ;;
      --console) console=$2 ;;
      *) own_option "$1" "$2" ;;
    esac
    shift 2
  done
  [ -n "$run" ] || usage_error "--run FILE is missing"
  [ -r "$run" ] || die "cannot read the script $run"
  [ -z "$share" ] || [ -d "$share" ] || die "$share is not a directory"
}
