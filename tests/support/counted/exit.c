/* In the coverage build stands for _exit(2), which keeps what the process has counted to itself
 * (gcov writes at exit(3) and before exec): our children end by it. */
#include <gcov.h>

_Noreturn void __real__exit(int status);
_Noreturn void __wrap__exit(int status);

_Noreturn void __wrap__exit(int status)
{
    __gcov_dump();
    __real__exit(status);
}
