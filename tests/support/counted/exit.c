/* In the coverage build stands for _exit(2) and execve(2), which keep what the process has counted
 * to itself (gcov writes at exit(3)): our children end by them. */
#include <gcov.h>

_Noreturn void __real__exit(int status);
_Noreturn void __wrap__exit(int status);
int __real_execve(const char *path, char *const argv[], char *const envp[]);
int __wrap_execve(const char *path, char *const argv[], char *const envp[]);

_Noreturn void __wrap__exit(int status)
{
    __gcov_dump();
    __real__exit(status);
}

int __wrap_execve(const char *path, char *const argv[], char *const envp[])
{
    __gcov_dump();
    __gcov_reset();
    return __real_execve(path, argv, envp);
}
