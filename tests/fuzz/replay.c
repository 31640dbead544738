/* Runs a fuzz target once with each file of the directories that are named: where the compiler has
 * no libFuzzer, what was once found stays found. */
#include <dirent.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "fuzz.h"

static int replay(int directory, const char *name)
{
    int fd = openat(directory, name, O_RDONLY | O_CLOEXEC);
    struct stat status;
    uint8_t *data;
    ssize_t size;

    if (fd < 0 || fstat(fd, &status) < 0 || !S_ISREG(status.st_mode)) {
        if (fd >= 0)
            close(fd);
        return 0;
    }
    data = malloc((size_t)status.st_size + 1);
    REQUIRE(data != NULL);
    size = read(fd, data, (size_t)status.st_size);
    REQUIRE(size == status.st_size);
    close(fd);
    /* as exactly as libFuzzer allocates it, so that the sanitizer sees a byte too far */
    data = realloc(data, size > 0 ? (size_t)size : 1);
    REQUIRE(data != NULL);
    LLVMFuzzerTestOneInput(data, (size_t)size);
    free(data);
    return 1;
}

int main(int argc, char **argv)
{
    int count = 0;

    for (int i = 1; i < argc; i++) {
        DIR *directory = opendir(argv[i]);
        struct dirent *entry;

        if (!directory) {
            perror(argv[i]);
            return EXIT_FAILURE;
        }
        while ((entry = readdir(directory)))
            count += replay(dirfd(directory), entry->d_name);
        closedir(directory);
    }
    printf("%d inputs\n", count);
    return count > 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
