/* crowd N: N children that do nothing, ended by their parent's end or its signal; says `ready`. */
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <unistd.h>

int main(int argc, char **argv)
{
    long count = argc == 2 ? strtol(argv[1], NULL, 10) : 0;

    if (count <= 0 || count > 100000) {
        fputs("usage: crowd N\n", stderr);
        return 2;
    }
    for (long i = 0; i < count; i++) {
        pid_t pid = fork();

        if (pid < 0) {
            printf("fork: %s\n", strerror(errno));
            return 1;
        }
        if (pid == 0) {
            prctl(PR_SET_PDEATHSIG, SIGKILL);
            for (;;)
                pause();
        }
    }
    puts("ready");
    fflush(stdout);
    pause();
    return 0;
}
