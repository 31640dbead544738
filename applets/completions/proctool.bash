# bash completion of proctool and its applets, asked of `proctool --options APPLET`: a line an option, of
# its letter, long names, argument, what completes that, and help, separated by tabs.

# _proctool_values VALUES WORD: what WORD may become.
_proctool_values() {
    local value words=
    for value in $1; do
        case $value in
        '<pid>') words+=" $(cd /proc && echo [0-9]*)" ;;
        '<signal>') words+=" $(kill -l {1..31})" ;;
        '<applet>') words+=" $(proctool --list)" ;;
        '<user>' | '<group>' | '<file>' | '<dir>' | '<command>') compgen "-${value:1:1}" -- "$2" ;;
        '<field>') compgen -W "$(proctool ps-tree -o help)" -P "${2%"${2##*[,-]}"}" -- "${2##*[,-]}" ;;
        *) words+=" $value" ;;
        esac
    done
    compgen -W "$words" -- "$2"
}

# _proctool_command AT: the line goes on with another command, whose words begin AT there.
_proctool_command() {
    if declare -F _command_offset >/dev/null; then
        _command_offset "$1"
    elif [[ $1 == "$COMP_CWORD" ]]; then
        mapfile -t COMPREPLY < <(compgen -c -- "${COMP_WORDS[COMP_CWORD]}")
    else
        compopt -o default
    fi
}

_proctool() {
    local word=${COMP_WORDS[COMP_CWORD]} applet=${COMP_WORDS[0]##*/} at=1 values= operands= offered= only_operands=
    local letter names argument what name i
    local -A argument_of=() values_of=()
    if [[ $applet == proctool && $COMP_CWORD -gt 1 && ${COMP_WORDS[1]} != -* ]]; then
        applet=${COMP_WORDS[1]} at=2
        [[ $applet != help ]] || applet=proctool
    fi
    while IFS=$'\t' read -r letter names argument what _; do
        what=${what#-}
        [[ $letter$names != -- ]] || operands=$what
        for name in $letter ${names//,/ }; do
            argument_of[$name]=$argument values_of[$name]=$what
        done
        [[ $letter == - ]] || offered+=" $letter"
        [[ $names == - ]] || offered+=" ${names%%,*}"
        [[ $names == - || $argument == [-[]* || $argument == *' ...' ]] || offered+==
    done < <(proctool --options "$applet" 2>/dev/null)

    for ((; at < COMP_CWORD; at++)); do
        name=${COMP_WORDS[at]} values=
        if [[ $only_operands || $name != -?* ]]; then
            [[ $operands != '<command>' ]] || { _proctool_command "$at"; return; }
            continue
        fi
        [[ $name != -- ]] || { only_operands=1; continue; }
        if [[ $name != --* ]]; then # letters; one that takes a value, unless it is the last, takes the rest
            for ((i = 1; i < ${#name} - 1; i++)); do
                [[ ${argument_of[-${name:i:1}]--} == - ]] || continue 2
            done
            name=-${name: -1}
        fi
        argument=${argument_of[$name]--}
        [[ $argument != *' ...' ]] || { _proctool_command $((at + 1)); return; }
        # bash makes three words of --name=VALUE.
        if [[ ${COMP_WORDS[at + 1]} == = ]]; then
            ((at += 2))
        elif [[ $argument != [-[]* ]]; then
            ((at++))
        else
            continue
        fi
        [[ $at -lt $COMP_CWORD ]] || values=${values_of[$name]:--}
    done

    [[ $word != = ]] || word=
    if [[ ! $values && ! $only_operands && $word == -* ]]; then
        mapfile -t COMPREPLY < <(compgen -W "$offered" -- "$word")
    else
        values=${values:-$operands}
        mapfile -t COMPREPLY < <(_proctool_values "${values#-}" "$word")
    fi
    [[ $values != *'<file>'* && $values != *'<dir>'* ]] || compopt -o filenames
    [[ $values != '<field>' && ${COMPREPLY[*]} != *= ]] || compopt -o nospace
}

complete -F _proctool proctool $(proctool --list 2>/dev/null)
