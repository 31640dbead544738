/* Patterns: what POSIX says, what libc's own matchers say of thousands of made-up ones, and what
 * hostile ones and hostile texts cost. */
#include <check.h>
#include <errno.h>
#include <fnmatch.h>
#include <locale.h>
#include <regex.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "pattern.h"
#include "suite.h"

#define COUNT(array) (sizeof(array) / sizeof *(array))

static bool matches_n(const char *regex, const char *text, size_t length)
{
    struct pt_pattern pattern;
    struct pt_fault fault = {0};

    ck_assert_msg(pt_pattern_regex(&pattern, regex, &fault) == 0, "'%s': %s", regex, fault.text);
    bool yes = pt_pattern_matches(&pattern, text, length);
    pt_pattern_done(&pattern);
    return yes;
}

static bool matches(const char *regex, const char *text)
{
    return matches_n(regex, text, strlen(text));
}

/* The texts that match, and those that do not. */
START_TEST(means_what_posix_says)
{
    static const struct {
        const char *regex, *yes[4], *no[4];
    } rows[] = {
        {"", {"", "x"}, {0}},
        {"bc", {"bc", "abcd"}, {"", "b", "acb"}},
        {"a.c",
         {"abc", "xa\nc",
          "a\xc3\xa9"
          "c"},
         {"ac", "abbc"}},
        {"^ab", {"ab", "abc"}, {"cab", "\nab"}},
        {"ab$", {"ab", "cab"}, {"abc", "ab\n"}},
        {"^$", {""}, {"x", "\n"}},
        {"a^b|a$b", {0}, {"ab", "a\nb", "a^b"}},
        {"(^a|b$)c*", {"ax", "xb", "acc"}, {"xac", "bc"}},
        {"ab*c", {"ac", "abc", "abbbc"}, {"adc"}},
        {"ab+c", {"abc", "abbc"}, {"ac"}},
        {"^ab?c$", {"ac", "abc"}, {"abbc"}},
        {"^(ab)*$", {"", "ab", "abab"}, {"aba"}},
        {"^(ab|c+){2}$", {"abab", "abc", "cccc"}, {"ab", "c"}},
        {"^a{2}$", {"aa"}, {"a", "aaa"}},
        {"^a{2,}$", {"aa", "aaaaa"}, {"a"}},
        {"^a{0,2}$", {"", "a", "aa"}, {"aaa"}},
        {"^a{1,3}$", {"a", "aa", "aaa"}, {"", "aaaa"}},
        {"^a{,2}b$", {"b", "aab"}, {"aaab"}},
        {"^xa{0}y$", {"xy"}, {"xay"}},
        {"^xa{0}*{3}y$", {"xy"}, {"xay"}},
        {"^(a{2}){2}$", {"aaaa"}, {"aa", "aaa", "aaaaa"}},
        {"^a+{2}$", {"aa", "aaa"}, {"a"}},
        {"^a**$", {"", "aa"}, {"b"}},
        {"^(a*)*b$", {"b", "aab"}, {"aa"}},
        {"^(a|b|cd|)e$", {"ae", "cde", "e"}, {"abe", "ce"}},
        {"^()x$", {"x"}, {"", "xx"}},
        {"a||b", {"", "c"}, {0}},
        {"^a)$", {"a)"}, {"a"}},
        {"^a}$", {"a}"}, {"a"}},
        {"^(((((a)))))$", {"a"}, {"(a)"}},
        {"[]]", {"]"}, {"["}},
        {"^[]-a]$", {"]", "^", "a"}, {"[", "-"}},
        {"^[^]a]$", {"b", "\n"}, {"]", "a"}},
        {"^[a-]$", {"a", "-"}, {"b"}},
        {"^[-a]$", {"a", "-"}, {"b"}},
        {"^[%--]$", {"%", "+", "-"}, {".", "$"}},
        {"^[a\\]$", {"a", "\\"}, {"]"}},
        {"^[*.$^|(]$", {"*", "^", "|", "("}, {"a"}},
        {"^[[:digit:]a]+$", {"1a2"}, {"b", "", ":"}},
        {"^[^[:space:]]$", {"a", "\xc3\xa9"}, {" ", "\t", "\n"}},
        {"^[[:punct:]]+$", {"!/:@[`{~"}, {"a", "0", " "}},
        {"^[[:alnum:]]$", {"0", "z", "A"}, {"_", "\xc3\xa9"}},
        {"^[[:xdigit:]]$", {"f", "F", "9"}, {"g"}},
        {"^[[:cntrl:]]$", {"\x01", "\x7f", "\n"}, {" "}},
        {"^[[:blank:]]$", {" ", "\t"}, {"\n", "\x1f"}},
        {"^[[:upper:][:lower:]]$", {"a", "Z"}, {"1", "@"}},
        {"^[[:graph:]]$", {"!", "~"}, {" ", "\x7f"}},
        {"^[[:print:]]$", {" ", "~"}, {"\n"}},
        {"^[[.-.]x]$", {"-", "x"}, {"."}},
        {"^[[=a=]-c]$", {"a", "b", "c"}, {"=", "d"}},
        {"^\\.\\*\\[\\\\$", {".*[\\"}, {"a*[\\"}},
        {"^\\w+\\W\\w+$", {"ab_9-x"}, {"ab", "a--b"}},
        {"^\\S+\\s\\S+$", {"a b", "a\tb"}, {"ab", "a  b"}},
        {"\\bcron\\b", {"cron", "a cron-b", "/cron/"}, {"crond", "acron", "cron_"}},
        {"\\Bron", {"cron"}, {"ron", "a ron"}},
        {"\\<cron", {"a cron", "crond"}, {"acron"}},
        {"cron\\>", {"acron", "cron d"}, {"crond"}},
        {"^.$", {"a", "\xc3\xa9", "\xf0\x9f\x98\x80", "\xff"}, {"", "ab", "\xe2\x82"}},
        {"^[\xc3\xa0-\xc3\xaf]$", {"\xc3\xa9"}, {"\xc3\xb0", "\xc3", "\xa9"}},
        {"^[^a]$", {"\xc3\xa9", "\xff"}, {"a"}},
        {"^\xc3\xa9+$", {"\xc3\xa9\xc3\xa9"}, {"\xc3\xa9\xa9"}},
        {"\xff", {"a\xff"}, {"a\xfe", "\xc3\xbf"}},
        {"\xa9", {"\xa9", "\xe2\xa9"}, {"\xc3\xa9"}},
    };

    for (size_t i = 0; i < COUNT(rows); i++) {
        for (size_t k = 0; k < COUNT(rows->yes) && rows[i].yes[k]; k++)
            ck_assert_msg(matches(rows[i].regex, rows[i].yes[k]), "'%s' misses '%s'", rows[i].regex,
                          rows[i].yes[k]);
        for (size_t k = 0; k < COUNT(rows->no) && rows[i].no[k]; k++)
            ck_assert_msg(!matches(rows[i].regex, rows[i].no[k]), "'%s' finds '%s'", rows[i].regex,
                          rows[i].no[k]);
    }
}
END_TEST

START_TEST(texts_are_any_bytes)
{
    ck_assert(matches_n("^a.c$", "a\0c", 3));
    ck_assert(matches_n("^a[^x]c$", "a\0c", 3));
    ck_assert(matches_n("c", "a\0c", 3));
    ck_assert(!matches_n("b|c", "abc", 1));
    ck_assert(matches_n("^$", "abc", 0));
    ck_assert(!matches_n("\xc3\xa9", "\xc3\xa9", 1));
    ck_assert(matches_n("^.$", "\xc3\xa9", 1));
}
END_TEST

START_TEST(refuses)
{
    static const struct {
        const char *regex, *text;
        size_t at;
    } rows[] = {
        {"(", "unbalanced (", 0},
        {"a(b(c)", "unbalanced (", 0},
        {"a[b", "unbalanced [", 1},
        {"[]", "unbalanced [", 0},
        {"[^]", "unbalanced [", 0},
        {"[a-", "unbalanced [", 0},
        {"[[.", "unknown collating element", 1},
        {"[[.hyphen.]]", "unknown collating element", 1},
        {"[[=ab=]]", "unknown collating element", 1},
        {"[[:alpha]", "unknown character class", 1},
        {"[x[:word:]]", "unknown character class", 2},
        {"a{1", "unbalanced {", 1},
        {"a{", "unbalanced {", 1},
        {"a{}", "bad repetition count", 2},
        {"a{x}", "bad repetition count", 2},
        {"a{2,1}", "bad repetition count", 2},
        {"a{256}", "bad repetition count", 2},
        {"a{1,256}", "bad repetition count", 2},
        {"a{256,}", "bad repetition count", 2},
        {"a{1,2,3}", "bad repetition count", 2},
        {"a{-1}", "bad repetition count", 2},
        {"a{99999999999999999999}", "bad repetition count", 2},
        {"*a", "nothing to repeat", 0},
        {"a|*b", "nothing to repeat", 2},
        {"(+a)", "nothing to repeat", 1},
        {"^*", "nothing to repeat", 1},
        {"\\b?", "nothing to repeat", 2},
        {"{1}", "nothing to repeat", 0},
        {"[b-a]", "bad range", 1},
        {"[a-c-e]", "bad range", 4},
        {"[a--]", "bad range", 1},
        {"[a-[:digit:]]", "bad range", 1},
        {"[[:digit:]-z]", "bad range", 10},
        {"ab\\", "ends in a backslash", 2},
        {"(a)\\1", "unknown escape", 3},
        {"x\\d", "unknown escape", 1},
        {"((a{255}){255}){2}", "too large", 0},
    };

    for (size_t i = 0; i < COUNT(rows); i++) {
        struct pt_pattern pattern = {.literal = "untouched"};
        struct pt_fault fault = {0};

        ck_assert_msg(pt_pattern_regex(&pattern, rows[i].regex, &fault) == -EINVAL,
                      "'%s' was taken", rows[i].regex);
        ck_assert_str_eq(fault.text, rows[i].text);
        ck_assert_msg(fault.offset == rows[i].at, "'%s': fault at %zu", rows[i].regex,
                      fault.offset);
        ck_assert_str_eq(pattern.literal, "untouched");
        ck_assert_int_eq(pt_pattern_regex(&pattern, rows[i].regex, NULL), -EINVAL);
    }
}
END_TEST

START_TEST(globs)
{
    static const struct {
        const char *glob, *yes[3], *no[3];
    } rows[] = {
        {"abc", {"abc"}, {"abcd", "xabc", ""}},
        {"*", {"", "/a/b", ".x"}, {0}},
        {"/system.slice/*", {"/system.slice/a/b", "/system.slice/"}, {"/system_slice/a"}},
        {"*/session-[0-9].scope", {"/user.slice/session-2.scope"}, {"/session-x.scope"}},
        {"a?c",
         {"abc", "a/c",
          "a\xff"
          "c"},
         {"ac", "abbc"}},
        {"[!a-c]", {"d", "\xc3\xa9"}, {"a", "dd"}},
        {"[^a]", {"b"}, {"a"}},
        {"[]-]", {"]", "-"}, {"x"}},
        {"[\\]a]", {"]", "a"}, {"\\"}},
        {"a\\*", {"a*"}, {"ab", "a\\b"}},
        {"a+(b)|{1}^$.", {"a+(b)|{1}^$."}, {"aab"}},
        {"*a*a*a*b", {"aaab", "xaxaxaxb"}, {"aab", "aaaba"}},
        {"", {""}, {"x"}},
    };

    for (size_t i = 0; i < COUNT(rows); i++) {
        struct pt_pattern pattern;

        ck_assert_int_eq(pt_pattern_glob(&pattern, rows[i].glob, NULL), 0);
        for (size_t k = 0; k < COUNT(rows->yes) && rows[i].yes[k]; k++)
            ck_assert_msg(pt_pattern_matches(&pattern, rows[i].yes[k], strlen(rows[i].yes[k])),
                          "'%s' misses '%s'", rows[i].glob, rows[i].yes[k]);
        for (size_t k = 0; k < COUNT(rows->no) && rows[i].no[k]; k++)
            ck_assert_msg(!pt_pattern_matches(&pattern, rows[i].no[k], strlen(rows[i].no[k])),
                          "'%s' finds '%s'", rows[i].glob, rows[i].no[k]);
        pt_pattern_done(&pattern);
    }
}
END_TEST

START_TEST(refuses_globs)
{
    static const struct {
        const char *glob, *text;
        size_t at;
    } rows[] = {
        {"a[b", "unbalanced [", 1},
        {"[\\", "unbalanced [", 0},
        {"a\\", "ends in a backslash", 1},
        {"[z-a]", "bad range", 1},
        {"[[:word:]]", "unknown character class", 1},
    };

    for (size_t i = 0; i < COUNT(rows); i++) {
        struct pt_pattern pattern;
        struct pt_fault fault = {0};

        ck_assert_msg(pt_pattern_glob(&pattern, rows[i].glob, &fault) == -EINVAL, "'%s' was taken",
                      rows[i].glob);
        ck_assert_str_eq(fault.text, rows[i].text);
        ck_assert_uint_eq(fault.offset, rows[i].at);
    }
}
END_TEST

static char *repeated(const char *text, size_t times)
{
    size_t length = strlen(text);
    char *made = malloc(length * times + 1);

    ck_assert_ptr_nonnull(made);
    for (size_t i = 0; i < times; i++)
        memcpy(made + i * length, text, length);
    made[length * times] = '\0';
    return made;
}

/* Each of these takes backtracking matchers, or recursive ones, beyond any bound. */
START_TEST(hostile_ones_are_bounded)
{
    static const char *const slow[] = {"(a*)*b", "(a|aa)+$b", "(a?){99}a{99}b", "(((a+)+)+)+b",
                                       "((a|b)*(a|c)*)*d"};
    char *text = repeated("a", 65536);

    for (size_t i = 0; i < COUNT(slow); i++)
        ck_assert_msg(!matches(slow[i], text), "%s", slow[i]);
    ck_assert(matches("^(a*)*$", text));
    ck_assert(matches("^(a{255}){255}", text));
    free(text);
}
END_TEST

START_TEST(long_patterns_are_bounded)
{
    static const struct {
        const char *piece;
        size_t times;
        bool is_good;
    } rows[] = {
        {"(", 100000, false},  {"(", 1000, false},   {"()", 30000, true},    {"|", 20000, true},
        {"|", 100000, false},  {"a*", 20000, true},  {"a", 100000, true}, /* plain text */
        {"a.", 100000, false}, {"[a]", 30000, true}, {"a{,9}", 5000, false}, {")", 60000, true},
    };

    for (size_t i = 0; i < COUNT(rows); i++) {
        char *regex = repeated(rows[i].piece, rows[i].times);
        struct pt_pattern pattern = {0};
        struct pt_fault fault = {0};
        int result = pt_pattern_regex(&pattern, regex, &fault);

        ck_assert_msg(result == (rows[i].is_good ? 0 : -EINVAL), "%zu times '%s': %s",
                      rows[i].times, rows[i].piece, fault.text);
        if (result == 0)
            pt_pattern_matches(&pattern, "aaa)", 4);
        pt_pattern_done(&pattern);
        free(regex);
    }
}
END_TEST

/* --- against libc --- */

static uint32_t random_state;

/* Numerical Recipes' generator: the same patterns each time. */
static uint32_t choose(uint32_t count)
{
    random_state = random_state * 1664525u + 1013904223u;
    return (random_state >> 16) % count;
}

/* An arrow is no letter in any locale; CHARACTERS without it are ASCII. */
#define ARROW "\xe2\x86\x92"

static void make_word(char *ret_text, uint32_t most, bool ascii)
{
    static const char *const characters[] = {"a", "b", "c", "-", "_", " ", "a", "b", ARROW};
    uint32_t count = choose(most + 1);

    *ret_text = '\0';
    for (uint32_t i = 0; i < count; i++)
        strcat(ret_text, characters[choose(COUNT(characters) - ascii)]);
}

enum { PATTERNS = 2000, TEXTS = 8, ROOM = 4096 };

#ifdef __GLIBC__
enum { DEPTH = 3 };

/* Appends an expression. Conditions stand outside groups: glibc 2.36 takes `(a|^b){2}` for what it
 * is not, and finds it in "bb". */
static void make_regex(char *text, unsigned depth)
{
    static const char *const atoms[] = {
        "a",   "b",   ARROW, "c",   ".",    "[ab]",   "[^a]",         "[a-c]",
        "\\.", "\\w", "\\W", "\\s", "[]a]", "[^b-z]", "[[:alpha:]_]", "[" ARROW "b]",
    };
    static const char *const conditions[] = {"^", "$", "\\b", "\\<", "\\>"};
    static const char *const repetitions[] = {"*",     "+",    "?",     "{2}",
                                              "{1,2}", "{2,}", "{0,3}", "{0}"};
    uint32_t count = 1 + choose(3);

    for (uint32_t i = 0; i < count; i++) {
        if (depth == DEPTH && choose(6) == 0) {
            strcat(text, conditions[choose(COUNT(conditions))]);
            continue;
        }
        if (depth > 0 && choose(3) == 0) {
            strcat(text, "(");
            make_regex(text, depth - 1);
            strcat(text, ")");
        } else {
            strcat(text, atoms[choose(COUNT(atoms))]);
        }
        if (choose(3) == 0)
            strcat(text, repetitions[choose(COUNT(repetitions))]);
    }
    if (choose(4) == 0) {
        strcat(text, "|");
        make_regex(text, depth);
    }
}
#endif

/* Not with musl, whose counts are wrong: `(bc|[^a]{2,}(a{1,2})?|\s){1,2}` finds "_aa_" (1.2.3). */
START_TEST(agrees_with_regexec)
{
#ifdef __GLIBC__
    static char regex[ROOM], text[ROOM];

    if (!setlocale(LC_CTYPE, "C.UTF-8"))
        return;
    random_state = 1;
    for (int i = 0; i < PATTERNS; i++) {
        struct pt_pattern pattern;
        struct pt_fault fault = {0};
        regex_t theirs;

        *regex = '\0';
        make_regex(regex, DEPTH);
        ck_assert_msg(regcomp(&theirs, regex, REG_EXTENDED | REG_NOSUB) == 0, "'%s'", regex);
        ck_assert_msg(pt_pattern_regex(&pattern, regex, &fault) == 0, "'%s': %s", regex,
                      fault.text);
        for (int k = 0; k < TEXTS; k++) {
            make_word(text, 8, false);
            ck_assert_msg((regexec(&theirs, text, 0, NULL, 0) == 0) ==
                              pt_pattern_matches(&pattern, text, strlen(text)),
                          "'%s' and '%s'", regex, text);
        }
        pt_pattern_done(&pattern);
        regfree(&theirs);
    }
#endif
}
END_TEST

static void make_glob(char *text)
{
    static const char *const pieces[] = {"*",    "?",     "a",   "b", "c",   "[ab]",
                                         "[!a]", "[a-c]", "\\*", "-", "[]a]"};
    uint32_t count = choose(6);

    *text = '\0';
    for (uint32_t i = 0; i < count; i++)
        strcat(text, pieces[choose(COUNT(pieces))]);
}

/* In ASCII: glibc 2.36's takes two `?` for one character of C.UTF-8, behind `[!a]`. */
START_TEST(agrees_with_fnmatch)
{
    static char glob[ROOM], text[ROOM];

    random_state = 2;
    for (int i = 0; i < PATTERNS; i++) {
        struct pt_pattern pattern;

        make_glob(glob);
        ck_assert_int_eq(pt_pattern_glob(&pattern, glob, NULL), 0);
        for (int k = 0; k < TEXTS; k++) {
            make_word(text, 6, true);
            ck_assert_msg((fnmatch(glob, text, 0) == 0) ==
                              pt_pattern_matches(&pattern, text, strlen(text)),
                          "'%s' and '%s'", glob, text);
        }
        pt_pattern_done(&pattern);
    }
}
END_TEST

int main(void)
{
    return RUN_SUITE("pattern", means_what_posix_says, texts_are_any_bytes, refuses, globs,
                     refuses_globs, hostile_ones_are_bounded, long_patterns_are_bounded,
                     agrees_with_regexec, agrees_with_fnmatch);
}
