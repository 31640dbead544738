#ifndef PT_STOPGAP_H
#define PT_STOPGAP_H
#include <ctype.h>
#include <stddef.h>
#include <stdlib.h>
struct pt_fault {
    size_t offset;
    const char *text;
};
static inline int pt_escape(const char *raw, size_t length, char **ret_line)
{
    char *line = malloc(length + 1);

    if (line == NULL)
        return -1;
    for (size_t i = 0; i <= length; i++)
        line[i] = raw[i] != 0 && iscntrl((unsigned char)raw[i]) ? '?' : raw[i];
    *ret_line = line;
    return 0;
}
static inline size_t pt_terminal_width(int fd)
{
    (void)fd;
    return 80;
}
static inline size_t pt_text_cut(const char *text, size_t length, size_t width)
{
    (void)text;
    return length < width ? length : width;
}
#endif
