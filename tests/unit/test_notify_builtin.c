/* What our own client understands of notify-send's arguments, and which of them wait. */
#include <stdio.h>
#include <string.h>

#include "notify_builtin.c" /* which is in no library */
#include "suite.h"

static const struct {
    const char *arguments; /* separated by `|` */
    const char *read;      /* summary|body|application|icon|urgency|expiry */
    const char *unsupported;
    bool waits, is_wrong;
} calls[] = {
    {"a", "a||notify-send||1|-1", "", false, false},
    {"a|b", "a|b|notify-send||1|-1", "", false, false},
    {"-u|low|a|-t|700|-i|x|-a|App|b", "a|b|App|x|0|700", "", false, false},
    {"--urgency=critical|--expire-time=0|--icon=y|--app-name=z|a", "a||z|y|2|0", "", false, false},
    {"-ulow|a", "a||notify-send||0|-1", "", false, false},
    {"--|-w|--wait", "-w|--wait|notify-send||1|-1", "", false, false},
    {"a|--|-A", "a|-A|notify-send||1|-1", "", false, false},
    {"-t|-1|a", "a||notify-send||1|-1", "", false, false},
    {"-w|a", "a||notify-send||1|-1", "-w", true, false},
    {"-ew|a", "a||notify-send||1|-1", "-e", true, false},
    {"-pew|a", "a||notify-send||1|-1", "-p", true, false},
    {"a|--wait", "a||notify-send||1|-1", "--wait", true, false},
    {"-A|x=y|a", "a||notify-send||1|-1", "-A", true, false},
    {"-Ax|a", "a||notify-send||1|-1", "-A", true, false},
    {"--action=x|a", "a||notify-send||1|-1", "--action", true, false},
    {"--action|x|a", "a||notify-send||1|-1", "--action", true, false},
    {"-a|-w|a", "a||-w||1|-1", "", false, false}, /* a name, not an option */
    {"-h|int:x:1|a", "a||notify-send||1|-1", "-h", false, false},
    {"--replace-id=7|a", "a||notify-send||1|-1", "--replace-id", false, false},
    {"--no-such|a", "a||notify-send||1|-1", "--no-such", false, false},
    {"-u|bad|a", "a||notify-send||1|-1", "", false, true},
    {"-t|soon|a", "a||notify-send||1|-1", "", false, true},
    {"-t|2147483648|a", "a||notify-send||1|-1", "", false, true},
    {"a|b|c", "a|b|notify-send||1|-1", "", false, true},
    {"-u|low", "||notify-send||0|-1", "", false, true},
    {"|b", "|b|notify-send||1|-1", "", false, true},
};

static const char *or_empty(const char *text)
{
    return text != NULL ? text : "";
}

static void check_row(size_t i)
{
    struct notify_message message;
    char words[256], read[256], *argv[16] = {words};
    int count = 1;

    snprintf(words, sizeof words, "notify-send|%s", calls[i].arguments);
    for (char *bar = words; (bar = strchr(bar, '|')) != NULL;) {
        *bar++ = '\0';
        argv[count++] = bar;
    }
    notify_builtin_parse(argv, &message);
    snprintf(read, sizeof read, "%s|%s|%s|%s|%d|%d", or_empty(message.summary),
             or_empty(message.body), message.application, message.icon, message.urgency,
             message.expiry);
    ck_assert_str_eq(read, calls[i].read);
    ck_assert_str_eq(message.unsupported, calls[i].unsupported);
    ck_assert_msg(message.waits == calls[i].waits, "%s", calls[i].arguments);
    ck_assert_msg((message.wrong != NULL) == calls[i].is_wrong, "%s", calls[i].arguments);
}

START_TEST(parses_arguments)
{
    for (size_t i = 0; i < sizeof calls / sizeof *calls; i++)
        check_row(i);
}
END_TEST

int main(void)
{
    return RUN_SUITE("notify_builtin", parses_arguments);
}
