/* Directories that somebody handed us: what is read, what is refused, and nothing is followed. */
#include <check.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "dir.h"
#include "fakeproc.h"
#include "suite.h"
#include "text.h"

/* A word of 300 bytes: no file can be named so. */
#define FIFTY "01234567890123456789012345678901234567890123456789"
#define LONG FIFTY FIFTY FIFTY FIFTY FIFTY FIFTY

#define COUNT(rows) (sizeof rows / sizeof *rows)

/* A tree of somebody's with each kind of trap. */
static void make_tree(struct fakeproc *proc, struct pt_dir *ret_dir)
{
    fakeproc_init(proc);
    fakeproc_text(proc, 0, "plain", "text\n");
    fakeproc_text(proc, 0, "empty", "");
    fakeproc_text(proc, 0, "sub/inner/file", "inside");
    fakeproc_link(proc, 0, "link", "plain");
    fakeproc_link(proc, 0, "away", "/etc");
    fakeproc_link(proc, 0, "round", "sub");
    fakeproc_fifo(proc, 0, "fifo");
    ck_assert_int_eq(pt_dir_open(ret_dir, proc->path), 0);
    ck_assert(!ret_dir->kernel_made);
}

START_TEST(what_is_opened)
{
    static const struct {
        const char *name;
        ssize_t result;
    } rows[] = {
        {"plain", 5},
        {"empty", 0},
        {"sub/inner/file", 6},
        {"absent", -ENOENT},
        {"sub/absent/file", -ENOENT},
        {"link", -ELOOP},
        {"away/passwd", -ENOTDIR},
        {"round/inner/file", -ENOTDIR},
        {"plain/file", -ENOTDIR},
        {LONG "/file", -ENAMETOOLONG},
        {"sub", -EISDIR},
        {"fifo", -EINVAL},
    };
    struct fakeproc proc;
    struct pt_dir dir;
    struct pt_buffer bytes = {0};

    make_tree(&proc, &dir);
    for (size_t i = 0; i < COUNT(rows); i++) {
        char buffer[16];
        int error = rows[i].result < 0 ? (int)rows[i].result : 0;

        ck_assert_msg(pt_dir_read(&dir, rows[i].name, buffer, sizeof buffer) == rows[i].result,
                      "%s", rows[i].name);
        ck_assert_int_eq(pt_dir_read_head(&dir, rows[i].name, buffer, sizeof buffer),
                         rows[i].result);
        ck_assert_int_eq(pt_dir_read_all(&dir, rows[i].name, &bytes, PT_DIR_LIMIT), error);
    }
    ck_assert_str_eq(pt_buffer_text(&bytes), "text\ninside");
    pt_buffer_done(&bytes);
    pt_dir_close(&dir);
    fakeproc_done(&proc);
}
END_TEST

START_TEST(directories)
{
    static const struct {
        const char *name;
        int error;
    } rows[] = {
        {"sub", 0},          {"sub/inner", 0},   {"round", -ENOTDIR}, {"away", -ENOTDIR},
        {"plain", -ENOTDIR}, {"fifo", -ENOTDIR}, {"absent", -ENOENT}, {"round/inner", -ENOTDIR},
    };
    struct fakeproc proc;
    struct pt_dir dir, inner;

    make_tree(&proc, &dir);
    for (size_t i = 0; i < COUNT(rows); i++) {
        ck_assert_msg(pt_dir_open_at(&inner, &dir, rows[i].name) == rows[i].error, "%s",
                      rows[i].name);
        if (rows[i].error == 0)
            pt_dir_close(&inner);
    }
    ck_assert_int_eq(pt_dir_open(&inner, "/nowhere"), -ENOENT);
    ck_assert_int_eq(pt_dir_open(&inner, "/etc/passwd"), -ENOTDIR);
    pt_dir_close(&dir);
    ck_assert_int_eq(dir.fd, -1);
    pt_dir_close(&dir);
    fakeproc_done(&proc);
}
END_TEST

/* Bounds: what fits, what just does not. */
START_TEST(sizes)
{
    struct fakeproc proc;
    struct pt_dir dir;
    struct pt_buffer bytes = {0};
    char *large = malloc(100000), small[8];

    fakeproc_init(&proc);
    ck_assert_int_eq(pt_dir_open(&dir, proc.path), 0);
    memset(large, 'x', 100000);
    fakeproc_write(&proc, 0, "large", large, 100000);
    fakeproc_text(&proc, 0, "seven", "1234567");
    fakeproc_text(&proc, 0, "eight", "12345678");

    ck_assert_int_eq(pt_dir_read(&dir, "seven", small, sizeof small), 7);
    ck_assert_int_eq(pt_dir_read(&dir, "eight", small, sizeof small), -EFBIG);
    ck_assert_int_eq(pt_dir_read_head(&dir, "eight", small, sizeof small), 8);
    ck_assert_int_eq(pt_dir_read_head(&dir, "large", small, sizeof small), 8);

    ck_assert_int_eq(pt_buffer_append_text(&bytes, "before"), 0);
    ck_assert_int_eq(pt_dir_read_all(&dir, "large", &bytes, 100000), -EFBIG);
    ck_assert_str_eq(pt_buffer_text(&bytes), "before");
    ck_assert_int_eq(pt_dir_read_all(&dir, "large", &bytes, 100001), 0);
    ck_assert_uint_eq(bytes.length, 100006);
    ck_assert_int_eq(memcmp(bytes.data + 6, large, 100000), 0);
    pt_buffer_done(&bytes);
    free(large);
    pt_dir_close(&dir);
    fakeproc_done(&proc);
}
END_TEST

/* --- lines --- */

struct seen {
    char text[512];
    size_t lengths[16];
    size_t count, cut, stop_after;
};

static int see_line(const char *line, size_t length, bool whole, void *data)
{
    struct seen *seen = data;

    ck_assert_uint_lt(seen->count, 16);
    if (length < 64) {
        strncat(seen->text, line, length);
        strcat(seen->text, "|");
    }
    seen->lengths[seen->count++] = length;
    seen->cut += !whole;
    return seen->count == seen->stop_after ? 7 : 0;
}

START_TEST(lines)
{
    static const struct {
        const char *text, *seen;
    } rows[] = {
        {"", ""},
        {"\n", "|"},
        {"one", "one|"},
        {"one\n", "one|"},
        {"one\n\ntwo\nrest", "one||two|rest|"},
    };
    struct fakeproc proc;
    struct pt_dir dir;

    fakeproc_init(&proc);
    ck_assert_int_eq(pt_dir_open(&dir, proc.path), 0);
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct seen seen = {0};

        fakeproc_text(&proc, 0, "lines", rows[i].text);
        ck_assert_int_eq(pt_dir_lines(&dir, "lines", see_line, &seen), 0);
        ck_assert_str_eq(seen.text, rows[i].seen);
        ck_assert_uint_eq(seen.cut, 0);
    }
    ck_assert_int_eq(pt_dir_lines(&dir, "lines", see_line, &(struct seen){.stop_after = 2}), 7);
    ck_assert_int_eq(pt_dir_lines(&dir, "absent", see_line, &(struct seen){0}), -ENOENT);
    pt_dir_close(&dir);
    fakeproc_done(&proc);
}
END_TEST

/* A line longer than the buffer comes once, cut, and the next one is whole again. */
START_TEST(long_lines)
{
    enum { BUFFER = 65536 };
    static const size_t lengths[] = {BUFFER - 1, BUFFER, BUFFER + 1, 3 * BUFFER + 5};
    struct fakeproc proc;
    struct pt_dir dir;
    char *text = malloc(4 * BUFFER);

    fakeproc_init(&proc);
    ck_assert_int_eq(pt_dir_open(&dir, proc.path), 0);
    for (size_t i = 0; i < COUNT(lengths); i++) {
        bool fits = lengths[i] < BUFFER;
        struct seen seen = {0};

        memset(text, 'x', lengths[i]);
        memcpy(text + lengths[i], "\nnext\n", 7);
        fakeproc_text(&proc, 0, "lines", text);
        ck_assert_int_eq(pt_dir_lines(&dir, "lines", see_line, &seen), 0);
        ck_assert_uint_eq(seen.count, 2);
        ck_assert_uint_eq(seen.lengths[0], fits ? lengths[i] : BUFFER);
        ck_assert_uint_eq(seen.cut, !fits);
        ck_assert_str_eq(seen.text, "next|");
    }
    free(text);
    pt_dir_close(&dir);
    fakeproc_done(&proc);
}
END_TEST

/* --- links, stat, entries --- */

START_TEST(links)
{
    struct fakeproc proc;
    struct pt_dir dir;
    struct pt_buffer text = {0};
    struct stat found;
    char target[3000];

    make_tree(&proc, &dir);
    memset(target, 't', sizeof target - 1);
    target[sizeof target - 1] = '\0';
    fakeproc_link(&proc, 0, "far", target);
    ck_assert_int_eq(pt_dir_readlink(&dir, "link", &text), 0);
    ck_assert_int_eq(pt_dir_readlink(&dir, "far", &text), 0);
    ck_assert_uint_eq(text.length, 5 + strlen(target));
    ck_assert_int_eq(memcmp(text.data, "plainttt", 8), 0);
    ck_assert_int_eq(pt_dir_readlink(&dir, "plain", &text), -EINVAL);
    ck_assert_int_eq(pt_dir_readlink(&dir, "absent", &text), -ENOENT);
    ck_assert_int_eq(pt_dir_readlink(&dir, "round/inner", &text), -ENOTDIR);
    pt_buffer_done(&text);

    ck_assert_int_eq(pt_dir_stat(&dir, "link", &found), 0);
    ck_assert(S_ISLNK(found.st_mode));
    ck_assert_int_eq(pt_dir_stat(&dir, "", &found), 0);
    ck_assert(S_ISDIR(found.st_mode));
    ck_assert_int_eq(pt_dir_stat(&dir, "absent", &found), -ENOENT);
    pt_dir_close(&dir);
    fakeproc_done(&proc);
}
END_TEST

static int count_entry(const char *name, unsigned char type, void *data)
{
    size_t *count = data;

    ck_assert(strcmp(name, ".") != 0 && strcmp(name, "..") != 0);
    if (strncmp(name, "entry", 5) == 0)
        ck_assert(type == DT_REG || type == DT_UNKNOWN);
    return ++*count == 700 ? 9 : 0;
}

/* More than one answer of the kernel's, again and again, and stopped in the middle. */
START_TEST(entries)
{
    struct fakeproc proc;
    struct pt_dir dir;
    size_t count = 0;

    fakeproc_init(&proc);
    ck_assert_int_eq(pt_dir_open(&dir, proc.path), 0);
    for (int i = 0; i < 698; i++) {
        char name[64];

        snprintf(name, sizeof name, "entry-with-a-rather-long-name-%d", i);
        fakeproc_text(&proc, 0, name, "");
    }
    for (int again = 0; again < 2; again++) {
        count = 0;
        ck_assert_int_eq(pt_dir_each(&dir, count_entry, &count), 0);
        ck_assert_uint_eq(count, 699);
    }
    count = 690;
    ck_assert_int_eq(pt_dir_each(&dir, count_entry, &count), 9);
    pt_dir_close(&dir);
    fakeproc_done(&proc);
}
END_TEST

START_TEST(kernel_made)
{
    struct pt_dir proc, self;
    char buffer[64];

    ck_assert_int_eq(pt_dir_open(&proc, "/proc"), 0);
    ck_assert(proc.kernel_made);
    ck_assert_int_eq(pt_dir_open_at(&self, &proc, "self"), -ENOTDIR);
    ck_assert_int_eq(pt_dir_open_at(&self, &proc, "sys"), 0);
    ck_assert(self.kernel_made);
    ck_assert_int_gt(pt_dir_read(&self, "kernel/pid_max", buffer, sizeof buffer), 0);
    pt_dir_close(&self);
    pt_dir_close(&proc);
}
END_TEST

static int see_nothing(const char *line, size_t length, bool whole, void *data)
{
    (void)line, (void)length, (void)whole, (void)data;
    return 0;
}

START_TEST(refused)
{
    struct fakeproc proc;
    struct pt_dir dir, ours;
    struct stat found;
    char bytes[16];

    make_tree(&proc, &dir);
    ck_assert_int_eq(pt_dir_stat(&dir, "absent/file", &found), -ENOENT);
    ck_assert_int_eq(fchmodat(proc.fd, "plain", 0, 0), 0);
    if (geteuid() == 0)
        ck_assert_int_eq(seteuid(12345), 0);
    ck_assert_int_eq(pt_dir_read(&dir, "plain", bytes, sizeof bytes), -EACCES);
    if (getuid() == 0)
        ck_assert_int_eq(seteuid(0), 0);
    pt_dir_close(&dir);
    fakeproc_done(&proc);

    /* Nothing is at the beginning of our memory. */
    ck_assert_int_eq(pt_dir_open(&ours, "/proc/self"), 0);
    ck_assert_int_eq(pt_dir_lines(&ours, "mem", see_nothing, NULL), -EIO);
    ck_assert_int_eq(pt_dir_read(&ours, "mem", bytes, sizeof bytes), -EIO);
    pt_dir_close(&ours);
}
END_TEST

int main(void)
{
    return RUN_SUITE("dir", what_is_opened, directories, sizes, lines, long_lines, links, entries,
                     kernel_made, refused);
}
