#include "session_look.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "dbus.h"
#include "session_live.h"
#include "waitset.h"

#define DAEMON "org.freedesktop.Notifications"

/* So much is looked at for one session; what lstat shows to be nothing does not count. */
enum { DIRECTORIES = 8, DISPLAYS = 16, BUSES = 16, SOCKETS = 16, COOKIE_FILES = 4 };

/* How well a bus suits. */
enum suit { BUS_DEAD, BUS_LIVE, BUS_STARTS_DAEMON, BUS_HAS_DAEMON };

struct look {
    const struct pt_probe *probe;
    struct pt_live live;
    struct pt_buffer *answer;
    const char *directories[DIRECTORIES]; /* accepted runtime directories */
    size_t directory_count;
    const char *cookie_files[COOKIE_FILES]; /* accepted, and ~/.Xauthority at last */
    size_t cookie_count, named_cookies;
    char usual_directory[32], usual_cookies[4096];
    size_t waylands, displays; /* that were tried */
    bool has_wayland, has_x;
    enum suit suit; /* of the bus */
};

static const struct pt_proposals *proposals(const struct look *look, enum pt_value value)
{
    return &look->probe->ballot->proposals[value];
}

/* A proposal that came to nothing. What only was a guess of ours is not worth a word; nor may many
 * of them leave no room for the answer itself. */
static void drop(struct look *look, enum pt_value value, enum pt_drop why, const char *text)
{
    if (look->answer->length < PT_ANSWER_LIMIT / 2)
        pt_answer_drop(look->answer, value, why, text);
}

/* Whether more than a look was taken at it. */
static bool was_tried(enum pt_drop why)
{
    return why != PT_DROP_ABSENT && why != PT_DROP_FOREIGN;
}

/* --- the runtime directory --- */

static void add_directory(struct look *look, const char *path, bool proposed)
{
    enum pt_drop why;

    for (size_t i = 0; i < look->directory_count; i++) {
        if (strcmp(look->directories[i], path) == 0)
            return;
    }
    why = pt_live_runtime_dir(&look->live, path);
    if (why == PT_DROP_NOT)
        look->directories[look->directory_count++] = path;
    else if (proposed)
        drop(look, PT_VALUE_RUNTIME_DIR, why, path);
}

/* Those of its processes, and the one that logind makes. */
static void find_directories(struct look *look)
{
    const struct pt_proposals *named = proposals(look, PT_VALUE_RUNTIME_DIR);

    for (size_t i = 0; i < named->count && look->directory_count < DIRECTORIES - 1; i++)
        add_directory(look, named->list[i].text, true);
    snprintf(look->usual_directory, sizeof look->usual_directory, "/run/user/%u", look->live.uid);
    add_directory(look, look->usual_directory, false);
}

/* --- Wayland --- */

/* The socket NAME in a runtime directory. A plain name goes out, and its directory with it. */
static bool take_wayland(struct look *look, const char *directory, const char *name,
                         enum pt_drop *ret_why)
{
    *ret_why = pt_live_wayland(&look->live, directory, name);
    look->waylands += was_tried(*ret_why);
    if (*ret_why != PT_DROP_NOT)
        return false;
    pt_answer_value(look->answer, PT_VALUE_WAYLAND, name);
    pt_answer_value(look->answer, PT_VALUE_RUNTIME_DIR, directory);
    look->has_wayland = true;
    return true;
}

static bool take_proposed_wayland(struct look *look, const char *text)
{
    const char *slash = strrchr(text, '/');
    const char *name = slash != NULL ? slash + 1 : text;
    enum pt_drop why = PT_DROP_OUTSIDE;

    for (size_t i = 0; i < look->directory_count; i++) {
        const char *directory = look->directories[i];

        if (slash != NULL && (strlen(directory) != (size_t)(slash - text) ||
                              memcmp(directory, text, (size_t)(slash - text)) != 0))
            continue;
        if (take_wayland(look, directory, name, &why))
            return true;
    }
    drop(look, PT_VALUE_WAYLAND, why, text);
    return false;
}

/* Sockets that nobody names: no process of sway carries WAYLAND_DISPLAY. */
static void find_wayland_in(struct look *look, const char *directory)
{
    unsigned numbers[PT_LIVE_NUMBERS];
    size_t count = pt_live_numbers(&look->live, directory, "wayland-", false, numbers);
    enum pt_drop why;
    char name[32];

    for (size_t i = 0; i < count && !look->has_wayland && look->waylands < DISPLAYS; i++) {
        snprintf(name, sizeof name, "wayland-%u", numbers[i]);
        take_wayland(look, directory, name, &why);
    }
}

static void find_wayland(struct look *look)
{
    const struct pt_proposals *named = proposals(look, PT_VALUE_WAYLAND);

    for (size_t i = 0; i < named->count && look->waylands < DISPLAYS; i++) {
        if (take_proposed_wayland(look, named->list[i].text))
            return;
    }
    for (size_t i = 0; look->probe->takes_rest && i < look->directory_count; i++) {
        if (!look->has_wayland)
            find_wayland_in(look, look->directories[i]);
    }
    if (!look->has_wayland && look->directory_count > 0)
        pt_answer_value(look->answer, PT_VALUE_RUNTIME_DIR, look->directories[0]);
}

/* --- X --- */

static void find_cookie_files(struct look *look)
{
    const struct pt_proposals *named = proposals(look, PT_VALUE_XAUTHORITY);

    for (size_t i = 0; i < named->count && look->cookie_count < COOKIE_FILES - 1; i++) {
        enum pt_drop why = pt_live_file(named->list[i].text);

        if (why == PT_DROP_NOT)
            look->cookie_files[look->cookie_count++] = named->list[i].text;
        else
            drop(look, PT_VALUE_XAUTHORITY, why, named->list[i].text);
    }
    look->named_cookies = look->cookie_count;
    snprintf(look->usual_cookies, sizeof look->usual_cookies, "%s/.Xauthority",
             look->probe->user->home);
    look->cookie_files[look->cookie_count++] = look->usual_cookies;
}

static bool take_display(struct look *look, unsigned number, const char *text,
                         enum pt_drop *ret_why)
{
    size_t file = look->cookie_count;

    *ret_why = look->has_wayland ? pt_live_display_listed(&look->live, number)
                                 : pt_live_display(&look->live, number, look->cookie_files,
                                                   look->cookie_count, &file);
    look->displays += was_tried(*ret_why);
    if (*ret_why != PT_DROP_NOT)
        return false;
    look->has_x = true;
    pt_answer_value(look->answer, PT_VALUE_DISPLAY, text);
    if (file == look->cookie_count)
        file = 0; /* the server is hers: what most of her processes use */
    if (file < look->named_cookies)
        pt_answer_value(look->answer, PT_VALUE_XAUTHORITY, look->cookie_files[file]);
    return true;
}

static void find_display(struct look *look)
{
    const struct pt_proposals *named = proposals(look, PT_VALUE_DISPLAY);
    unsigned numbers[PT_LIVE_NUMBERS];
    size_t count = 0;
    enum pt_drop why;
    char text[16];

    for (size_t i = 0; i < named->count && look->displays < DISPLAYS; i++) {
        const char *display = named->list[i].text;

        if (pt_display_number(display, strlen(display), &numbers[0]) == 0) {
            if (take_display(look, numbers[0], display, &why))
                return;
            drop(look, PT_VALUE_DISPLAY, why, display);
        }
    }
    if (look->probe->takes_rest)
        count = pt_live_numbers(&look->live, "/tmp/.X11-unix", "X", true, numbers);
    for (size_t i = 0; i < count && !look->has_x && look->displays < DISPLAYS; i++) {
        snprintf(text, sizeof text, ":%u", numbers[i]);
        take_display(look, numbers[i], text, &why);
    }
}

/* --- the bus --- */

/* Asks the bus for a notification daemon; looking starts none. */
static enum suit suit_of(struct look *look, int fd, enum pt_drop *ret_why)
{
    struct pt_dbus bus;
    int64_t soon = pt_monotonic() + pt_live_patience(&look->live);
    int has, starts = 0;

    *ret_why = PT_DROP_SILENT;
    if (pt_dbus_open(&bus, fd, look->live.uid, soon) != 0)
        return BUS_DEAD;
    has = pt_dbus_has_owner(&bus, DAEMON);
    if (has == 0)
        starts = pt_dbus_is_activatable(&bus, DAEMON);
    pt_dbus_close(&bus);
    if (has < 0 || starts < 0)
        return BUS_DEAD;
    *ret_why = PT_DROP_NOT;
    if (has == 1)
        return BUS_HAS_DAEMON;
    return starts == 1 ? BUS_STARTS_DAEMON : BUS_LIVE;
}

struct best_bus {
    enum suit suit;
    struct pt_bus_entry entry;
    size_t tried;
};

static void try_bus(struct look *look, const struct pt_bus_entry *entry, struct best_bus *best,
                    bool proposed)
{
    struct pt_buffer text = {0};
    enum suit suit = BUS_LIVE;
    enum pt_drop why;
    int fd;

    why = pt_live_bus(&look->live, entry, &fd);
    best->tried += was_tried(why);
    if (why == PT_DROP_NOT && look->probe->notifications)
        suit = suit_of(look, fd, &why);
    else if (why == PT_DROP_NOT)
        close(fd);
    if (why == PT_DROP_NOT && suit > best->suit) {
        best->suit = suit;
        best->entry = *entry;
    } else if (why != PT_DROP_NOT && proposed && pt_bus_format(entry, &text) == 0) {
        drop(look, PT_VALUE_BUS, why, pt_buffer_text(&text));
    }
    pt_buffer_done(&text);
}

/* With this one need not look further. */
static enum suit best_suit(const struct look *look)
{
    return look->probe->notifications ? BUS_HAS_DAEMON : BUS_LIVE;
}

/* A proposal may hold several entries: each is tried, in order. The last try is for the usual one.
 */
static void try_address(struct look *look, const char *address, struct best_bus *best)
{
    const char *end = address + strlen(address);
    struct pt_bus_entry entry;
    enum pt_drop why;

    while (best->suit < best_suit(look) && best->tried < BUSES - 1 &&
           pt_bus_next(&address, end, &entry, &why)) {
        if (why == PT_DROP_NOT)
            try_bus(look, &entry, best, true);
    }
}

static void find_bus(struct look *look)
{
    const struct pt_proposals *named = proposals(look, PT_VALUE_BUS);
    struct best_bus best = {.suit = BUS_DEAD};
    struct pt_bus_entry usual = {0};
    struct pt_buffer text = {0};

    for (size_t i = 0; i < named->count; i++)
        try_address(look, named->list[i].text, &best);
    usual.length = (size_t)snprintf(usual.path, sizeof usual.path, "%s/bus", look->usual_directory);
    if (best.suit < best_suit(look))
        try_bus(look, &usual, &best, false);
    look->suit = best.suit;
    if (best.suit != BUS_DEAD && pt_bus_format(&best.entry, &text) == 0)
        pt_answer_value(look->answer, PT_VALUE_BUS, pt_buffer_text(&text));
    pt_buffer_done(&text);
}

/* --- what stands by itself --- */

static void take_first(struct look *look, enum pt_value value)
{
    const struct pt_proposals *named = proposals(look, value);

    if (named->count > 0)
        pt_answer_value(look->answer, value, named->list[0].text);
}

static void take_search_path(struct look *look, enum pt_value value)
{
    const struct pt_proposals *named = proposals(look, value);
    struct pt_buffer text = {0};
    enum pt_drop why;

    if (named->count == 0)
        return;
    why = pt_live_search_path(&look->live, named->list[0].text, &text);
    if (why != PT_DROP_NOT)
        drop(look, value, why, named->list[0].text);
    if (text.length > 0 && text.error == 0)
        pt_answer_value(look->answer, value, text.data);
    pt_buffer_done(&text);
}

static void take_sockets(struct look *look)
{
    const struct pt_proposals *named = proposals(look, PT_VALUE_SWAYSOCK);

    for (size_t i = 0; i < named->count && i < SOCKETS; i++) {
        enum pt_drop why = pt_live_socket(&look->live, named->list[i].text);

        if (why == PT_DROP_NOT) {
            pt_answer_value(look->answer, PT_VALUE_SWAYSOCK, named->list[i].text);
            return;
        }
        drop(look, PT_VALUE_SWAYSOCK, why, named->list[i].text);
    }
}

/* The kind of session is what lives there: in a session begun on a console its processes say tty.
 */
static void take_rest(struct look *look)
{
    static const enum pt_value words[] = {PT_VALUE_DESKTOP, PT_VALUE_HYPRLAND,    PT_VALUE_LANG,
                                          PT_VALUE_KDE,     PT_VALUE_KDE_VERSION, PT_VALUE_NAME};
    const struct pt_imports *imports = look->probe->ballot->imports;

    for (size_t i = 0; i < sizeof words / sizeof *words; i++)
        take_first(look, words[i]);
    if (look->has_wayland || look->has_x)
        pt_answer_value(look->answer, PT_VALUE_TYPE, look->has_wayland ? "wayland" : "x11");
    if (look->probe->id != NULL)
        pt_answer_value(look->answer, PT_VALUE_ID, look->probe->id);
    if (look->has_wayland)
        take_sockets(look);
    take_search_path(look, PT_VALUE_DATA_DIRS);
    take_search_path(look, PT_VALUE_CONFIG_DIRS);
    for (size_t i = 0; i < imports->count; i++) {
        const struct pt_proposals *named = &look->probe->ballot->proposals[PT_VALUE_COUNT + i];

        if (named->count > 0)
            pt_answer_import(look->answer, i, named->list[0].text);
    }
}

static enum pt_refusal judge(const struct look *look)
{
    const struct pt_probe *probe = look->probe;
    bool has_display = look->has_wayland || look->has_x;

    if (!has_display && !probe->headless_ok)
        return PT_REFUSED_NO_DISPLAY;
    if (look->suit == BUS_DEAD && (probe->notifications || !has_display))
        return PT_REFUSED_NO_BUS;
    if (look->suit == BUS_LIVE && probe->notifications && !probe->headless_ok)
        return PT_REFUSED_NO_DAEMON;
    return PT_REFUSED_NOT;
}

void pt_look(const struct pt_probe *probe, int64_t deadline, struct pt_buffer *answer)
{
    struct look look = {
        .probe = probe, .live = {.uid = probe->user->uid, .deadline = deadline}, .answer = answer};

    find_directories(&look);
    find_wayland(&look);
    find_cookie_files(&look);
    find_display(&look);
    /* A bus without a display is not even asked, unless that is enough. */
    if (look.has_wayland || look.has_x || probe->headless_ok)
        find_bus(&look);
    take_rest(&look);
    pt_answer_end(answer, judge(&look), look.has_wayland || look.has_x,
                  look.suit == BUS_HAS_DAEMON);
}
