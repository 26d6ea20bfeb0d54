# Completion of the snarl command in bash. Commands and options are asked of the command itself.

_snarl_commands() {
    "$1" help 2>/dev/null | sed -n 's/^  \([a-z]*\)  .*/\1/p'
}

_snarl_options() {
    "$1" "$2" --help 2>/dev/null | sed -n 's/^  \(-., \)\{0,1\}\(--[a-z-]*=\{0,1\}\).*/\2/p'
}

_snarl() {
    local command=$1 word=$2 i
    COMPREPLY=()
    if [ "$COMP_CWORD" -eq 1 ]; then
        mapfile -t COMPREPLY < <(compgen -W "$(_snarl_commands "$command")" -- "$word")
        return
    fi
    # What follows the program of `snarl run` is the program's own.
    if [ "${COMP_WORDS[1]}" = run ]; then
        for ((i = 2; i < COMP_CWORD; i++)); do
            if [ "${COMP_WORDS[i]}" = -- ]; then
                compopt -o default
                [ "$COMP_CWORD" -eq $((i + 1)) ] && mapfile -t COMPREPLY < <(compgen -c -- "$word")
                return
            fi
        done
    fi
    case $word in
    -*)
        mapfile -t COMPREPLY < <(compgen -W "$(_snarl_options "$command" "${COMP_WORDS[1]}")" -- "$word")
        [[ ${COMPREPLY[0]} == *= ]] && compopt -o nospace
        ;;
    *) compopt -o default ;;
    esac
}

complete -F _snarl snarl
