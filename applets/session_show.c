#include "session_show.h"

#include <stdio.h>
#include <string.h>

#include "json.h"
#include "report.h"

static const char *const ranks[] = {
    [PT_RANK_ACTIVE] = "active",
    [PT_RANK_ONLINE] = "online",
    [PT_RANK_SEATLESS] = "seatless",
    [PT_RANK_UNEXPLAINED] = "without a session file",
};

void pt_session_describe(const struct pt_candidate *candidate, struct pt_buffer *text)
{
    const struct pt_logind_session *session = candidate->session;

    pt_buffer_append_format(text, "%s (%u)", candidate->user.name, candidate->uid);
    if (session == NULL) {
        pt_buffer_append_format(text, ", %s", ranks[PT_RANK_UNEXPLAINED]);
        return;
    }
    pt_buffer_append_format(text, ", session %s", session->id);
    if (session->seat[0] != '\0')
        pt_buffer_append_format(text, " on %s", session->seat);
    if (session->remote)
        pt_buffer_append_text(text, ", remote");
    pt_buffer_append_format(text, ", %s", session->state);
}

/* --- for people --- */

static void print_variables(const struct pt_candidate *candidate)
{
    const struct pt_imports *imports = candidate->ballot.imports;

    for (size_t i = 0; i < PT_VALUE_COUNT; i++) {
        if (candidate->answer.values[i] != NULL)
            printf("  %s=%s\n", pt_value_names[i], candidate->answer.values[i]);
    }
    for (size_t i = 0; candidate->answer.imports != NULL && i < imports->count; i++) {
        if (candidate->answer.imports[i] != NULL)
            printf("  %s=%s\n", imports->names[i], candidate->answer.imports[i]);
    }
}

static void print_dropped(const struct pt_candidate *candidate)
{
    for (size_t i = 0; i < candidate->ballot.dropped_count; i++) {
        const struct pt_dropped *dropped = &candidate->ballot.dropped[i];

        printf("  dropped %s=", dropped->name);
        pt_put_escaped(dropped->text, dropped->length, stdout);
        printf(": %s\n", pt_drop_text(dropped->why));
    }
}

static void print_one(const struct pt_candidate *candidate, bool chosen, bool reachable)
{
    const char *refusal = pt_session_refusal(candidate);
    struct pt_buffer text = {0};

    pt_session_describe(candidate, &text);
    pt_put_escaped(pt_buffer_text(&text), text.length, stdout);
    pt_buffer_done(&text);
    if (chosen)
        printf(": used\n");
    else if (reachable)
        printf(": could be used\n");
    else
        printf(": rejected: %s\n", refusal != NULL ? refusal : "not asked");
    if (reachable)
        print_variables(candidate);
    print_dropped(candidate);
}

void pt_sessions_print(const struct pt_sessions *sessions, size_t chosen)
{
    for (size_t i = 0; i < sessions->count; i++)
        print_one(&sessions->list[i], i < chosen, i < sessions->reachable);
}

/* --- for scripts --- */

static void write_variables(struct pt_json *json, const struct pt_candidate *candidate)
{
    const struct pt_imports *imports = candidate->ballot.imports;

    pt_json_begin_object(json, "variables");
    for (size_t i = 0; i < PT_VALUE_COUNT; i++) {
        if (candidate->answer.values[i] != NULL)
            pt_json_text(json, pt_value_names[i], candidate->answer.values[i]);
    }
    for (size_t i = 0; candidate->answer.imports != NULL && i < imports->count; i++) {
        if (candidate->answer.imports[i] != NULL)
            pt_json_text(json, imports->names[i], candidate->answer.imports[i]);
    }
    pt_json_end_object(json);
}

static void write_dropped(struct pt_json *json, const struct pt_candidate *candidate)
{
    pt_json_begin_array(json, "dropped");
    for (size_t i = 0; i < candidate->ballot.dropped_count; i++) {
        const struct pt_dropped *dropped = &candidate->ballot.dropped[i];

        pt_json_begin_object(json, NULL);
        pt_json_text(json, "name", dropped->name);
        pt_json_string(json, "value", dropped->text, dropped->length);
        pt_json_text(json, "reason", pt_drop_text(dropped->why));
        pt_json_end_object(json);
    }
    pt_json_end_array(json);
}

static void write_one(struct pt_json *json, const struct pt_candidate *candidate, bool chosen,
                      bool reachable)
{
    const struct pt_logind_session *session = candidate->session;

    pt_json_begin_object(json, NULL);
    pt_json_text(json, "user", candidate->user.name);
    pt_json_u64(json, "uid", candidate->uid);
    pt_json_text(json, "session", session != NULL ? session->id : NULL);
    pt_json_text(json, "seat", session != NULL && session->seat[0] != '\0' ? session->seat : NULL);
    pt_json_text(json, "state", session != NULL ? session->state : NULL);
    pt_json_text(json, "class", session != NULL ? session->class_name : NULL);
    pt_json_text(json, "type", session != NULL ? session->type : NULL);
    pt_json_bool(json, "used", chosen);
    pt_json_bool(json, "reachable", reachable);
    pt_json_text(json, "rejected", pt_session_refusal(candidate));
    if (reachable)
        write_variables(json, candidate);
    write_dropped(json, candidate);
    pt_json_end_object(json);
}

void pt_sessions_print_json(const struct pt_sessions *sessions, size_t chosen)
{
    struct pt_json json;

    pt_json_init(&json, stdout, PT_JSON_PRETTY);
    pt_json_begin_object(&json, NULL);
    pt_json_u64(&json, "schema", 1);
    pt_json_begin_array(&json, "sessions");
    for (size_t i = 0; i < sessions->count; i++)
        write_one(&json, &sessions->list[i], i < chosen, i < sessions->reachable);
    pt_json_end_array(&json);
    pt_json_end_object(&json);
}
