#include "ps_tree_line.h"

#include <inttypes.h>
#include <string.h>
#include <unistd.h>

#include "text.h"

#define VT100(characters) "\033(0\017" characters "\033(B"

const struct ps_tree_symbols *ps_tree_symbols(enum ps_tree_charset charset)
{
    static const struct ps_tree_symbols sets[] = {
        [PS_TREE_ASCII] = {"  ", "| ", "|-", "`-", "---", "-+-"},
        [PS_TREE_UTF8] = {"  ", "│ ", "├─", "└─", "───", "─┬─"},
        [PS_TREE_VT100] = {"  ", VT100("x") " ", VT100("tq"), VT100("mq"), VT100("qqq"),
                           VT100("qwq")},
    };
    /* As pstree: into a pipe ASCII in every locale. */
    if (charset == PS_TREE_LOCALE)
        charset = isatty(STDOUT_FILENO) && pt_text_utf8_locale() ? PS_TREE_UTF8 : PS_TREE_ASCII;
    return &sets[charset];
}

void ps_tree_line_put(struct ps_tree_line *line, const char *bytes, size_t length)
{
    pt_buffer_append(&line->text, bytes, length);
    line->width += length;
}

void ps_tree_line_put_text(struct ps_tree_line *line, const char *text, size_t length)
{
    size_t ascii = 0;
    while (ascii < length && (unsigned char)text[ascii] < 0x80)
        ascii++;
    pt_buffer_append(&line->text, text, length);
    line->width += ascii + pt_text_width(text + ascii, length - ascii);
}

void ps_tree_line_put_symbol(struct ps_tree_line *line, const char *symbol, size_t width)
{
    pt_buffer_append_text(&line->text, symbol);
    line->width += width;
}

void ps_tree_line_put_number(struct ps_tree_line *line, uint64_t number)
{
    char digits[20];
    size_t length = 0;
    do {
        digits[sizeof digits - ++length] = (char)('0' + number % 10);
        number /= 10;
    } while (number > 0);
    ps_tree_line_put(line, digits + sizeof digits - length, length);
}

/* Bytes of the terminal sequence at TEXT, 0 when there is none: of the three kinds that we write,
 * ESC [ ... m, ESC ( X and SI. */
static size_t sequence_length(const char *text, size_t length)
{
    if (text[0] == '\017')
        return 1;
    if (text[0] != '\033' || length < 3)
        return 0;
    if (text[1] == '(')
        return 3;
    const char *end = memchr(text, 'm', length);
    return end == NULL ? 0 : (size_t)(end - text) + 1;
}

/*
 * As pstree has it, a line that would fill the last column is cut too. Sequences stay wherever they
 * stand, so that the terminal is left as it was found; pstree counts their bytes as columns and
 * cuts within them.
 */
void ps_tree_line_cut(struct ps_tree_line *line)
{
    if (line->limit == 0 || line->width < line->limit || line->text.error != 0)
        return;
    char *text = line->text.data + line->start;
    size_t length = line->text.length - line->start, kept = 0, columns = 0, size;
    bool cut = false;
    for (size_t i = 0; i < length; i += size) {
        size_t width = 0;
        size = sequence_length(text + i, length - i);
        if (size == 0) {
            uint32_t code;
            size = pt_utf8_decode(text + i, length - i, &code);
            width = pt_text_width(text + i, size);
            if (cut)
                continue;
        }
        if (columns + width > line->limit - 1) {
            text[kept++] = '+';
            cut = true;
            continue;
        }
        memmove(text + kept, text + i, size);
        kept += size;
        columns += width;
    }
    pt_buffer_truncate(&line->text, line->start + kept);
    line->width = line->limit;
}

void ps_tree_line_end(struct ps_tree_line *line)
{
    ps_tree_line_cut(line);
    pt_buffer_append_byte(&line->text, '\n');
    line->start = line->text.length;
    line->width = 0;
}
