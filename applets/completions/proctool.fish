# fish completion of proctool and its applets, asked of `proctool --options APPLET`: a line an option, of
# its letter, long names, argument, what completes that, and help, separated by tabs.

# __proctool_values VALUE...: what the word may become.
function __proctool_values
    set -l word (string replace -r '^--[^=]*=' '' -- (commandline -ct))
    for value in $argv
        switch $value
            case '<pid>'
                string match -r '[0-9]+$' /proc/*
            case '<signal>'
                string match -ra '[A-Z][A-Z0-9]*' (kill -l)
            case '<applet>'
                proctool --list
            case '<user>'
                __fish_complete_users
            case '<group>'
                __fish_complete_groups
            case '<file>'
                __fish_complete_path $word
            case '<dir>'
                __fish_complete_directories $word
            case '<command>'
                complete --do-complete="$word"
            case '<field>' # a list, or one with its direction
                string replace -r '^' (string match -r '^.*[,-]|^' -- $word) (proctool ps-tree -o help)
            case -
            case '*'
                echo $value
        end
    end
end

# The words of the command that the line goes on with, as far as they are whole: those behind --run; in
# applets that are nothing but a command's beginning, given the options that take values, its first
# operand and what follows. Fails where it has not begun.
function __proctool_command
    set -l words (commandline -opc)
    set -l is_value
    for i in (seq 2 (count $words))
        if set -q is_value[1]
            set -e is_value[1]
        else if test $words[$i] = --run
            echo $words[(math $i + 1)..]
            return 0
        else if contains -- $words[$i] $argv
            set is_value yes
        else if set -q argv[1]; and not string match -q -- '-*' $words[$i]
            echo $words[$i..]
            return 0
        end
    end
    return 1
end

# An applet's table, as fish has it.
function __proctool_applet -a applet
    set -l table (proctool --options $applet 2>/dev/null)
    set -l command __proctool_command
    if string match -q -- '-*<command>*operands' $table
        for line in $table
            set -l column (string split \t -- $line)
            string match -qr '^[^-[]' -- $column[3]; and set -a command $column[2]
        end
    end
    set -l before "not $command"

    complete -c $applet -f
    if test $applet = proctool
        set before __fish_use_subcommand
        complete -c proctool -n 'not __fish_use_subcommand' -a '(__fish_complete_subcommand)'
        complete -c proctool -n '__fish_seen_subcommand_from help' -a '(proctool --list)'
    else
        complete -c $applet -n "$command" -a "(complete -C \"\$($command) \$(commandline -ct)\")"
    end
    for line in $table
        set -l column (string split \t -- $line)
        set -l option
        test $column[1] = -; or set -a option -s (string sub -s 2 -- $column[1])
        for name in (string split , -- $column[2])
            test $name = -; or set -a option -l (string sub -s 3 -- $name)
        end
        set -l values "(__proctool_values $(string split ' ' -- $column[4] | string escape | string join ' '))"
        switch $column[3]
            case '* ...'
            case -
                if not set -q option[1] # operands
                    set option -a $values
                    set -e column[5]
                end
            case '[*'
                set -a option -a $values
            case '*'
                set -a option -x -a $values
        end
        complete -c $applet -n $before $option -d "$column[5]"
    end
end

for applet in proctool (proctool --list 2>/dev/null)
    __proctool_applet $applet
end
