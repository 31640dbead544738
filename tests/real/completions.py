# labels: once
# timeout: 180
"""The completions of bash, zsh and fish, as those shells do them on a terminal of their own."""

import contextlib
import os
import pty
import shutil
import subprocess
import threading

import support

COMPLETIONS = os.path.join(os.environ["SOURCE"], "applets", "completions")
BASH_COMPLETION = "/usr/share/bash-completion/bash_completion"
DEADLINE = 60.0

# A line, what completes its last word (all of these at least), and what must not.
CASES = (
    ("ps-tree --co", ["color", "comm", "compact-not", "context"], ["json"]),
    ("ps-tree --jso", ["json"], ["list"]),
    ("ps-tree --color=a", ["auto", "always", "age"], ["never"]),
    ("ps-tree --colour a", ["auto", "always", "age"], ["never"]),
    ("ps-tree -aC n", ["never"], ["auto"]),
    ("ps-tree --totals=", ["rss", "pss"], []),
    ("ps-tree --totals r", ["root"], ["rss"]),  # the value of --totals is never the next word
    ("ps-tree --output=pid,sta", ["starttime", "state"], ["comm"]),
    ("ps-tree -o pid,sta", ["starttime", "state"], ["comm"]),
    ("ps-tree --sort=-pi", ["-pid"], ["comm"]),
    ("ps-tree --procfs /pro", ["/proc"], []),
    ("ps-tree --user roo", ["root"], []),
    ("ps-tree --group roo", ["root"], []),
    ("ps-tree -- roo", ["root"], []),
    ("ps-tree --json roo", ["root"], []),
    ("kill-graceful -s T", ["TERM", "TSTP"], ["USR1"]),
    ("kill-graceful --pidfile /etc/passw", ["/etc/passwd"], []),
    ("kill-graceful --re", ["resume", "retry"], ["timeout"]),
    ("kill-graceful --run ps-tre", ["ps-tree"], []),
    ("kill-graceful -n --run ps-tree --exe", ["exe-name", "exe-path"], ["except"]),
    ("cron-graceful --on-timeout ", ["resume", "stop", "kill-jobs"], []),
    ("cron-graceful --additions ps-tr", ["ps-tree"], []),
    ("apache-mem --on ", ["total", "worker-max", "capacity-left"], []),
    ("notify-send-headless --session-u", ["session-user"], []),
    ("with-gui-environment --us", ["user"], []),
    ("with-gui-environment --user root ps-tr", ["ps-tree"], []),
    ("with-gui-environment --user root ps-tree --exe", ["exe-name", "exe-path"], ["import"]),
    ("proctool ps-", ["ps-tree"], ["apache-mem"]),
    ("proctool --li", ["list"], []),
    ("proctool --options ps-", ["ps-tree"], []),
    ("proctool help cron", ["cron-graceful"], ["ps-tree"]),
    ("proctool kill-graceful --no-k", ["no-kill"], ["no-freeze"]),
    ("proctool with-gui-environment ps-tree --exe", ["exe-name", "exe-path"], ["import"]),
)

BASH = r"""
PS1= HISTFILE=
bind '"\C-xa": insert-completions'
dump() { printf '%s\n' "$READLINE_LINE" >&9; READLINE_LINE=; }
bind -x '"\C-xd": dump'
source "$COMPLETIONS/proctool.bash"
"""

ZSH = r"""
PS1= HISTFILE=
fpath=($COMPLETIONS $fpath)
autoload -Uz compinit && compinit -u -D
zstyle ':completion:all-matches::::' completer _all_matches _complete
zstyle ':completion:all-matches:*' insert true
zle -C all-matches complete-word _generic
bindkey '^Xa' all-matches
dump() { print -r -- "$BUFFER" >&9; BUFFER= }
zle -N dump
bindkey '^Xd' dump
"""


class Shell:
    """An interactive shell whose keys C-x a insert all completions and C-x d hand the line over."""

    def __init__(self, command):
        self.master, slave = pty.openpty()
        self.lines, lines = os.pipe()
        environment = {**os.environ, "COMPLETIONS": COMPLETIONS, "TERM": "vt100", "INPUTRC": "/dev/null"}
        self.process = subprocess.Popen(
            ["/bin/sh", "-c", f'exec 9>&{lines} {lines}>&-; exec "$@"', "sh", *command],
            stdin=slave, stdout=slave, stderr=slave, start_new_session=True, env=environment, pass_fds=[lines],
        )
        os.close(slave)
        os.close(lines)
        self.screen = b""
        # Nobody else reads what it draws, and a full terminal would stop it.
        self.reader = threading.Thread(target=self.draw, daemon=True)
        self.reader.start()

    def set_up(self, text):
        self.type(text.strip() + "\necho ready >&9\n")
        if support.read_line(self.lines, DEADLINE) != "ready":
            raise AssertionError(f"not set up: {self.screen!r}")

    def draw(self):
        with contextlib.suppress(OSError):
            while data := os.read(self.master, 4096):
                self.screen += data

    def type(self, text):
        os.write(self.master, text.encode())

    def complete(self, line):
        self.type(line + "\x18a\x18d")
        return support.read_line(self.lines, DEADLINE)

    def close(self):
        self.process.kill()
        self.process.wait()
        self.reader.join()
        os.close(self.master)
        os.close(self.lines)


class TestCompletions(support.Case):
    def check(self, complete, cases=CASES):
        for line, expected, others in cases:
            with self.subTest(line):
                seen = complete(line)
                self.assertTrue(seen.startswith(line[: line.rindex(" ")]), seen)
                words = seen[line.rindex(" ") :].replace("=", " ").replace(",", " ").split()
                words += [word.lstrip("-") for word in words] + [word.rstrip("/") for word in words]
                self.assertEqual([word for word in expected if word not in words], [], seen)
                self.assertEqual([word for word in others if word in words], [], seen)

    def shell(self, name, setup, *arguments):
        if not shutil.which(name):
            support.skip(f"no {name}")
        shell = Shell([name, *arguments])
        self.addCleanup(shell.close)
        shell.set_up(setup)
        return shell

    def test_bash(self):
        # Alone it cannot ask for another command's completions.
        cases = [case for case in CASES if " ps-tree --" not in case[0]]
        self.check(self.shell("bash", BASH, "--norc", "--noprofile", "-i").complete, cases)

    def test_bash_completion(self):
        if not os.path.exists(BASH_COMPLETION):
            support.skip("no bash-completion")
        self.check(self.shell("bash", f"source {BASH_COMPLETION}\n{BASH}", "--norc", "--noprofile", "-i").complete)

    def test_zsh(self):
        self.check(self.shell("zsh", ZSH, "-f", "-i").complete)

    def test_fish(self):
        if not shutil.which("fish"):
            support.skip("no fish")

        def complete(line):
            script = f"source {COMPLETIONS}/proctool.fish; complete --do-complete='{line}'"
            lines = subprocess.check_output(["fish", "--no-config", "-c", script], text=True, timeout=DEADLINE)
            return line[: line.rindex(" ") + 1] + " ".join(item.split("\t")[0] for item in lines.splitlines())

        self.check(complete)


support.main()
