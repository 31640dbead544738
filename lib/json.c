#include "json.h"

#include <inttypes.h>
#include <math.h>
#include <string.h>

#include "text.h"
#include "units.h"

void pt_json_init(struct pt_json *json, FILE *file, enum pt_json_style style)
{
    *json = (struct pt_json){.file = file, .style = style};
}

/* What cannot stand in a string as it is: CODE, or a sequence that is none. */
static void write_escape(FILE *file, uint32_t code)
{
    static const char from[] = "\"\\\b\f\n\r\t", to[] = "\"\\bfnrt";
    const char *found = code > 0 && code < 0x80 ? strchr(from, (int)code) : NULL;

    if (found)
        fprintf(file, "\\%c", to[found - from]);
    else if (code == PT_UTF8_INVALID)
        fputs("\xef\xbf\xbd", file);
    else if (code < 0x10000)
        fprintf(file, "\\u%04x", (unsigned)code);
    else
        fprintf(file, "\\u%04x\\u%04x", 0xd800 | (unsigned)(code - 0x10000) >> 10,
                0xdc00 | ((unsigned)code & 0x3ff));
}

/* What stands between the quotes; whether all of it was UTF-8. */
static bool write_characters(FILE *file, const char *bytes, size_t length)
{
    bool valid = true;

    for (size_t i = 0; i < length;) {
        uint32_t code;
        size_t plain =
            pt_text_plain_length(bytes + i, length - i, PT_ESCAPE_UTF8 | PT_ESCAPE_QUOTE);

        if (plain > 0)
            fwrite(bytes + i, 1, plain, file);
        i += plain;
        if (i == length)
            break;
        i += pt_utf8_decode(bytes + i, length - i, &code);
        valid = valid && code != PT_UTF8_INVALID;
        write_escape(file, code);
    }
    return valid;
}

static bool write_string(FILE *file, const char *bytes, size_t length)
{
    bool valid;

    putc('"', file);
    valid = write_characters(file, bytes, length);
    putc('"', file);
    return valid;
}

static void write_base64(FILE *file, const char *bytes, size_t length)
{
    enum { PIECE = 192 };
    char text[PT_BASE64_LENGTH(PIECE)];

    putc('"', file);
    for (size_t i = 0; i < length; i += PIECE) {
        size_t size = length - i < PIECE ? length - i : PIECE;
        size_t text_length = pt_base64(bytes + i, size, text);
        fwrite(text, 1, text_length, file);
    }
    putc('"', file);
}

static void begin_line(const struct pt_json *json)
{
    if (json->style != PT_JSON_PRETTY)
        return;
    putc('\n', json->file);
    for (size_t i = 0; i < json->depth; i++)
        fputs("  ", json->file);
}

/* What stands before a value; its name is NAME with SUFFIX. */
static void begin_value(struct pt_json *json, const char *name, const char *suffix)
{
    if (json->depth > 0) {
        if (!json->empty)
            putc(',', json->file);
        begin_line(json);
    }
    json->empty = false;
    if (!name)
        return;
    putc('"', json->file);
    write_characters(json->file, name, strlen(name));
    fputs(suffix, json->file);
    fputs(json->style == PT_JSON_PRETTY ? "\": " : "\":", json->file);
}

static void end_value(const struct pt_json *json)
{
    if (json->depth == 0)
        putc('\n', json->file);
}

static void begin_bracket(struct pt_json *json, const char *name, const char *suffix, char bracket)
{
    begin_value(json, name, suffix);
    putc(bracket, json->file);
    json->depth++;
    json->empty = true;
}

static void end_bracket(struct pt_json *json, char bracket)
{
    json->depth--;
    if (!json->empty)
        begin_line(json);
    putc(bracket, json->file);
    json->empty = false;
    end_value(json);
}

void pt_json_begin_object(struct pt_json *json, const char *name)
{
    begin_bracket(json, name, "", '{');
}

void pt_json_end_object(struct pt_json *json)
{
    end_bracket(json, '}');
}

void pt_json_begin_array(struct pt_json *json, const char *name)
{
    begin_bracket(json, name, "", '[');
}

void pt_json_end_array(struct pt_json *json)
{
    end_bracket(json, ']');
}

static void write_word(struct pt_json *json, const char *name, const char *suffix, const char *word)
{
    begin_value(json, name, suffix);
    fputs(word, json->file);
    end_value(json);
}

void pt_json_null(struct pt_json *json, const char *name)
{
    write_word(json, name, "", "null");
}

void pt_json_bool(struct pt_json *json, const char *name, bool value)
{
    write_word(json, name, "", value ? "true" : "false");
}

void pt_json_i64(struct pt_json *json, const char *name, int64_t value)
{
    begin_value(json, name, "");
    fprintf(json->file, "%" PRId64, value);
    end_value(json);
}

void pt_json_u64(struct pt_json *json, const char *name, uint64_t value)
{
    begin_value(json, name, "");
    fprintf(json->file, "%" PRIu64, value);
    end_value(json);
}

void pt_json_double(struct pt_json *json, const char *name, double value, int decimals)
{
    if (!isfinite(value)) {
        pt_json_null(json, name);
        return;
    }
    begin_value(json, name, "");
    fprintf(json->file, "%.*f", decimals, value);
    end_value(json);
}

void pt_json_time(struct pt_json *json, const char *name, int64_t seconds)
{
    char text[PT_TIME_SIZE];

    pt_json_i64(json, name, seconds);
    if (pt_format_time(seconds, text) < 0) {
        write_word(json, name, "_iso", "null");
        return;
    }
    begin_value(json, name, "_iso");
    write_string(json->file, text, strlen(text));
    end_value(json);
}

void pt_json_string(struct pt_json *json, const char *name, const char *bytes, size_t length)
{
    bool valid;

    begin_value(json, name, "");
    valid = write_string(json->file, bytes, length);
    end_value(json);
    if (valid || !name)
        return;
    begin_value(json, name, "_b64");
    write_base64(json->file, bytes, length);
    end_value(json);
}

void pt_json_text(struct pt_json *json, const char *name, const char *text)
{
    if (text)
        pt_json_string(json, name, text, strlen(text));
    else
        pt_json_null(json, name);
}

/* The array of the exact bytes, where they are not UTF-8. */
static void write_base64_array(struct pt_json *json, const char *name, const char *block,
                               size_t length)
{
    begin_bracket(json, name, "_b64", '[');
    for (size_t i = 0, size; i < length; i += size + 1) {
        size = strnlen(block + i, length - i);
        begin_value(json, NULL, "");
        if (pt_utf8_is_valid(block + i, size))
            fputs("null", json->file);
        else
            write_base64(json->file, block + i, size);
    }
    end_bracket(json, ']');
}

void pt_json_strings(struct pt_json *json, const char *name, const char *block, size_t length)
{
    bool valid = true;

    begin_bracket(json, name, "", '[');
    for (size_t i = 0, size; i < length; i += size + 1) {
        size = strnlen(block + i, length - i);
        begin_value(json, NULL, "");
        valid = write_string(json->file, block + i, size) && valid;
    }
    end_bracket(json, ']');
    if (!valid && name)
        write_base64_array(json, name, block, length);
}
