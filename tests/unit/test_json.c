/* The JSON writer: brackets and commas, numbers, and strings of any bytes. */
#include <check.h>
#include <math.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "json.h"
#include "suite.h"

#define COUNT(array) (sizeof(array) / sizeof *(array))
#define BYTES(literal) literal, sizeof(literal) - 1

/* A writer into memory. */
struct output {
    struct pt_json json;
    char *text;
    size_t length;
};

static struct pt_json *open_output(struct output *output, enum pt_json_style style)
{
    FILE *file = open_memstream(&output->text, &output->length);

    ck_assert_ptr_nonnull(file);
    pt_json_init(&output->json, file, style);
    return &output->json;
}

static void check_output(struct output *output, const char *expected)
{
    ck_assert_int_eq(ferror(output->json.file), 0);
    ck_assert_int_eq(fclose(output->json.file), 0);
    ck_assert_uint_eq(output->length, strlen(output->text));
    ck_assert_str_eq(output->text, expected);
    free(output->text);
}

static void write_document(struct pt_json *json)
{
    pt_json_begin_object(json, NULL);
    pt_json_i64(json, "schema", 1);
    pt_json_begin_array(json, "processes");
    pt_json_begin_object(json, NULL);
    pt_json_i64(json, "pid", -1);
    pt_json_begin_array(json, "children");
    pt_json_end_array(json);
    pt_json_begin_object(json, "errors");
    pt_json_end_object(json);
    pt_json_end_object(json);
    pt_json_null(json, NULL);
    pt_json_bool(json, NULL, true);
    pt_json_end_array(json);
    pt_json_bool(json, "match", false);
    pt_json_end_object(json);
}

START_TEST(brackets)
{
    struct output output;

    write_document(open_output(&output, PT_JSON_COMPACT));
    check_output(&output, "{\"schema\":1,\"processes\":[{\"pid\":-1,\"children\":[],\"errors\":{}},"
                          "null,true],\"match\":false}\n");
    write_document(open_output(&output, PT_JSON_PRETTY));
    check_output(&output, "{\n"
                          "  \"schema\": 1,\n"
                          "  \"processes\": [\n"
                          "    {\n"
                          "      \"pid\": -1,\n"
                          "      \"children\": [],\n"
                          "      \"errors\": {}\n"
                          "    },\n"
                          "    null,\n"
                          "    true\n"
                          "  ],\n"
                          "  \"match\": false\n"
                          "}\n");
}
END_TEST

START_TEST(one_line_a_document)
{
    struct output output;
    struct pt_json *json = open_output(&output, PT_JSON_COMPACT);

    for (int i = 0; i < 2; i++) {
        pt_json_begin_object(json, NULL);
        pt_json_i64(json, "pid", i);
        pt_json_end_object(json);
    }
    pt_json_i64(json, NULL, 3);
    pt_json_begin_array(json, NULL);
    pt_json_end_array(json);
    check_output(&output, "{\"pid\":0}\n{\"pid\":1}\n3\n[]\n");
}
END_TEST

START_TEST(nests_without_limit)
{
    enum { DEPTH = 200000 };
    struct output output;
    struct pt_json *json = open_output(&output, PT_JSON_COMPACT);

    for (int i = 0; i < DEPTH; i++)
        pt_json_begin_array(json, NULL);
    for (int i = 0; i < DEPTH; i++)
        pt_json_end_array(json);
    ck_assert_int_eq(fclose(json->file), 0);
    ck_assert_uint_eq(output.length, 2 * DEPTH + 1);
    ck_assert_uint_eq(strspn(output.text, "["), DEPTH);
    ck_assert_str_eq(output.text + 2 * DEPTH - 1, "]\n");
    free(output.text);
}
END_TEST

START_TEST(numbers)
{
    struct output output;
    struct pt_json *json = open_output(&output, PT_JSON_COMPACT);

    pt_json_begin_array(json, NULL);
    pt_json_i64(json, NULL, INT64_MIN);
    pt_json_i64(json, NULL, INT64_MAX);
    pt_json_u64(json, NULL, UINT64_MAX);
    pt_json_double(json, NULL, 0.25, 1);
    pt_json_double(json, NULL, 99.96, 1);
    pt_json_double(json, NULL, -1234567.875, 2);
    pt_json_double(json, NULL, 3.7, 0);
    pt_json_double(json, NULL, 1e21, 1);
    pt_json_double(json, NULL, (double)NAN, 1);
    pt_json_double(json, NULL, (double)INFINITY, 1);
    pt_json_double(json, NULL, -(double)INFINITY, 1);
    pt_json_end_array(json);
    check_output(&output, "[-9223372036854775808,9223372036854775807,18446744073709551615,0.2,"
                          "100.0,-1234567.88,4,1000000000000000000000.0,null,null,null]\n");
}
END_TEST

START_TEST(times)
{
    struct output output;
    struct pt_json *json = open_output(&output, PT_JSON_COMPACT);

    pt_json_begin_object(json, NULL);
    pt_json_time(json, "starttime", 1714558830);
    pt_json_time(json, "never", INT64_MAX);
    pt_json_end_object(json);
    check_output(&output, "{\"starttime\":1714558830,\"starttime_iso\":\"2024-05-01T10:20:30Z\","
                          "\"never\":9223372036854775807,\"never_iso\":null}\n");
}
END_TEST

/* The member `c`, and `c_b64` where there must be one. */
START_TEST(strings)
{
    static const struct {
        const char *bytes;
        size_t length;
        const char *members;
    } rows[] = {
        {BYTES(""), "\"c\":\"\""},
        {BYTES("sshd"), "\"c\":\"sshd\""},
        {BYTES("\"\\/"), "\"c\":\"\\\"\\\\/\""},
        {BYTES("\b\f\n\r\t"), "\"c\":\"\\b\\f\\n\\r\\t\""},
        {BYTES("\0\x01\x1b\x1f\x7f"), "\"c\":\"\\u0000\\u0001\\u001b\\u001f\\u007f\""},
        {BYTES("caf\xc3\xa9 \xf0\x9f\x98\x80"), "\"c\":\"caf\xc3\xa9 \xf0\x9f\x98\x80\""},
        {BYTES("\xc2\x9b"), "\"c\":\"\\u009b\""},
        {BYTES("\xe2\x80\xae\xe2\x80\xa8"), "\"c\":\"\\u202e\\u2028\""},
        {BYTES("\xf3\xa0\x81\x81"), "\"c\":\"\\udb40\\udc41\""},
        {BYTES("\xf4\x8f\xbf\xbf"), "\"c\":\"\\udbff\\udfff\""},
        {BYTES("\xef\xbf\xbd"), "\"c\":\"\xef\xbf\xbd\""},
        {BYTES("caf\xe9"), "\"c\":\"caf\xef\xbf\xbd\",\"c_b64\":\"Y2Fm6Q==\""},
        {BYTES("\xff\xfe"), "\"c\":\"\xef\xbf\xbd\xef\xbf\xbd\",\"c_b64\":\"//4=\""},
        {BYTES("\xe2\x82"
               "x"),
         "\"c\":\"\xef\xbf\xbdx\",\"c_b64\":\"4oJ4\""},
        {BYTES("\xed\xa0\x80"),
         "\"c\":\"\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd\",\"c_b64\":\"7aCA\""},
        {BYTES("\0\xff"), "\"c\":\"\\u0000\xef\xbf\xbd\",\"c_b64\":\"AP8=\""},
    };

    for (size_t i = 0; i < COUNT(rows); i++) {
        struct output output;
        struct pt_json *json = open_output(&output, PT_JSON_COMPACT);
        char expected[200];

        pt_json_begin_object(json, NULL);
        pt_json_string(json, "c", rows[i].bytes, rows[i].length);
        pt_json_end_object(json);
        snprintf(expected, sizeof expected, "{%s}\n", rows[i].members);
        check_output(&output, expected);
    }
}
END_TEST

START_TEST(texts)
{
    struct output output;
    struct pt_json *json = open_output(&output, PT_JSON_COMPACT);

    pt_json_begin_object(json, NULL);
    pt_json_text(json, "a", "x");
    pt_json_text(json, "b", NULL);
    pt_json_begin_array(json, "c");
    pt_json_text(json, NULL, "\xff");
    pt_json_end_array(json);
    pt_json_text(json, "odd \"name\"\n", "\xff");
    pt_json_end_object(json);
    check_output(&output, "{\"a\":\"x\",\"b\":null,\"c\":[\"\xef\xbf\xbd\"],"
                          "\"odd \\\"name\\\"\\n\":\"\xef\xbf\xbd\","
                          "\"odd \\\"name\\\"\\n_b64\":\"/w==\"}\n");
}
END_TEST

/* More than is encoded at once: every byte comes out where it belongs. */
START_TEST(long_base64)
{
    enum { SIZE = 1000 };
    char bytes[SIZE], expected[1333 + 6];
    struct output output;
    struct pt_json *json = open_output(&output, PT_JSON_COMPACT);

    memset(bytes, 0xff, SIZE);
    pt_json_begin_object(json, NULL);
    pt_json_string(json, "c", bytes, SIZE);
    pt_json_end_object(json);
    ck_assert_int_eq(fclose(json->file), 0);
    memset(expected, '/', sizeof expected);
    memcpy(expected + sizeof expected - 6, "w==\"}\n", 6);
    ck_assert_uint_gt(output.length, sizeof expected);
    ck_assert_mem_eq(output.text + output.length - sizeof expected, expected, sizeof expected);
    ck_assert_int_eq(output.text[output.length - sizeof expected - 1], '"');
    free(output.text);
}
END_TEST

/* argv as cmdline holds it. */
START_TEST(blocks_of_strings)
{
    static const struct {
        const char *block;
        size_t length;
        const char *members;
    } rows[] = {
        {BYTES(""), "\"argv\":[]"},
        {BYTES("\0"), "\"argv\":[\"\"]"},
        {BYTES("a\0"), "\"argv\":[\"a\"]"},
        {BYTES("a"), "\"argv\":[\"a\"]"},
        {BYTES("a\0b c\0"), "\"argv\":[\"a\",\"b c\"]"},
        {BYTES("a\0b"), "\"argv\":[\"a\",\"b\"]"},
        {BYTES("a\0\0\0"), "\"argv\":[\"a\",\"\",\"\"]"},
        {BYTES("\0\0a\0"), "\"argv\":[\"\",\"\",\"a\"]"},
        {BYTES("a\0\xff\0c\0"),
         "\"argv\":[\"a\",\"\xef\xbf\xbd\",\"c\"],\"argv_b64\":[null,\"/w==\",null]"},
        {BYTES("\xff"), "\"argv\":[\"\xef\xbf\xbd\"],\"argv_b64\":[\"/w==\"]"},
        {BYTES("\xe2\0\x82\xac"), "\"argv\":[\"\xef\xbf\xbd\",\"\xef\xbf\xbd\xef\xbf\xbd\"],"
                                  "\"argv_b64\":[\"4g==\",\"gqw=\"]"},
    };

    for (size_t i = 0; i < COUNT(rows); i++) {
        struct output output;
        struct pt_json *json = open_output(&output, PT_JSON_COMPACT);
        char expected[200];

        pt_json_begin_object(json, NULL);
        pt_json_strings(json, "argv", rows[i].block, rows[i].length);
        pt_json_i64(json, "pid", 1);
        pt_json_end_object(json);
        snprintf(expected, sizeof expected, "{%s,\"pid\":1}\n", rows[i].members);
        check_output(&output, expected);
    }
}
END_TEST

START_TEST(failed_writes_stick)
{
    FILE *file = fopen("/dev/full", "w");
    struct pt_json json;

    if (!file)
        return;
    setvbuf(file, NULL, _IONBF, 0);
    pt_json_init(&json, file, PT_JSON_PRETTY);
    write_document(&json);
    ck_assert_int_ne(ferror(file), 0);
    fclose(file);
}
END_TEST

int main(void)
{
    return RUN_SUITE("json", brackets, one_line_a_document, nests_without_limit, numbers, times,
                     strings, texts, long_base64, blocks_of_strings, failed_writes_stick);
}
