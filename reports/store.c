/* store.c - the history of findings over many runs, in a SQLite file. The only user of SQLite.
 *
 *     runs(id, started, program, findings, fresh)      one row per run; fresh: never seen before it
 *     seen(fingerprint, run, kind, message)            which findings were in which run
 *
 * Everything about a finding's past is a query over these, so that adding a run again, or in another order,
 * gives the same answers. A writer takes the file's write lock first and waits up to BUSY_MS for others. The
 * file's application id tells it from other databases, its user version the shape of its tables. */
#include "reports/frames.h"
#include "reports/gate.h"
#include "reports/pick.h"

#include <sqlite3.h>
#include <stdio.h>
#include <string.h>

#define APPLICATION 0x534e524c /* "SNRL" */
#define VERSION 1
#define BUSY_MS 30000
#define RUNS_SHOWN 60
#define ID_MAX 160u

struct store {
    sqlite3 *base;
    const char *path;
    char *error;
    size_t error_size;
};

static int fail(const struct store *store, const char *what)
{
    snprintf(store->error, store->error_size, "the store %s: %s", store->path, what);
    return -1;
}

static int fail_sqlite(const struct store *store)
{
    return fail(store, store->base ? sqlite3_errmsg(store->base) : "out of memory");
}

static int run_sql(const struct store *store, const char *sql)
{
    return sqlite3_exec(store->base, sql, NULL, NULL, NULL) == SQLITE_OK ? 0 : fail_sqlite(store);
}

/* The first column of the first row, or -1. */
static long long number(const struct store *store, const char *sql)
{
    sqlite3_stmt *statement;
    long long value = -1;
    if (sqlite3_prepare_v2(store->base, sql, -1, &statement, NULL) != SQLITE_OK)
        return -1;
    if (sqlite3_step(statement) == SQLITE_ROW)
        value = sqlite3_column_int64(statement, 0);
    sqlite3_finalize(statement);
    return value;
}

/* A prepared statement with text parameters from 1 on, up to a NULL. */
static sqlite3_stmt *prepare(const struct store *store, const char *sql, const char *const *texts)
{
    sqlite3_stmt *statement;
    if (sqlite3_prepare_v2(store->base, sql, -1, &statement, NULL) != SQLITE_OK)
        return NULL;
    for (int i = 0; texts[i]; i++)
        sqlite3_bind_text(statement, i + 1, texts[i], -1, SQLITE_STATIC);
    return statement;
}

static int run_texts(const struct store *store, const char *sql, const char *const *texts)
{
    sqlite3_stmt *statement = prepare(store, sql, texts);
    int result = statement && sqlite3_step(statement) == SQLITE_DONE ? 0 : fail_sqlite(store);
    sqlite3_finalize(statement);
    return result;
}

/* Inside the transaction: makes the tables of a new file, refuses a foreign one. */
static int check_tables(const struct store *store)
{
    char sql[128];
    long long tables = number(store, "SELECT count(*) FROM sqlite_master");
    if (tables < 0)
        return fail_sqlite(store);
    if (tables && number(store, "PRAGMA application_id") != APPLICATION)
        return fail(store, "this is another program's database");
    if (tables && number(store, "PRAGMA user_version") != VERSION)
        return fail(store, "it was made by another version of snarl");
    if (tables)
        return 0;
    snprintf(sql, sizeof(sql), "PRAGMA application_id = %d; PRAGMA user_version = %d;", APPLICATION, VERSION);
    return run_sql(store, sql) ||
                   run_sql(
                       store,
                       "CREATE TABLE runs(id TEXT PRIMARY KEY, started TEXT NOT NULL, program TEXT NOT NULL,"
                       " findings INTEGER NOT NULL, fresh INTEGER NOT NULL) WITHOUT ROWID;"
                       "CREATE TABLE seen(fingerprint TEXT, run TEXT, kind TEXT, message TEXT,"
                       " PRIMARY KEY(fingerprint, run)) WITHOUT ROWID;"
                       "CREATE INDEX seen_by_run ON seen(run);"
                       "CREATE INDEX runs_by_program ON runs(program, started);")
               ? -1
               : 0;
}

/* A run's own id; for a merged document, one made of those of all its runs. */
static void run_id(const json_t *document, char *id, size_t size)
{
    const json_t *run = json_object_get(document, "run"), *runs = json_object_get(document, "runs");
    const char *own = snarl_json_text(run, "id");
    uint64_t hash = 0xcbf29ce484222325u; /* FNV-1a */
    size_t i;
    json_t *each;
    if (json_array_size(runs) < 2 && *own) {
        snprintf(id, size, "%s", own);
        return;
    }
    json_array_foreach(runs, i, each) for (const char *at = snarl_json_text(each, "id"); *at; at++) hash =
        (hash ^ (unsigned char)*at) * 0x100000001b3u;
    for (const char *at = snarl_json_text(run, "started"); *at; at++)
        hash = (hash ^ (unsigned char)*at) * 0x100000001b3u;
    snprintf(id, size, "merged-%016llx", (unsigned long long)hash);
}

static const char *program_of(const json_t *document)
{
    const json_t *command = json_object_get(json_object_get(document, "run"), "command");
    const char *program = json_string_value(json_array_get(command, 0));
    return program ? snarl_path_base(program) : "";
}

static bool counts(const json_t *finding)
{
    return *snarl_json_text(finding, "fingerprint") && !json_is_true(json_object_get(finding, "suppressed"));
}

static int insert_findings(const struct store *store, const json_t *document, const char *run)
{
    size_t i;
    json_t *finding;
    json_array_foreach(json_object_get(document, "findings"), i, finding)
    {
        const char *const texts[] = {snarl_json_text(finding, "fingerprint"), run,
                                     snarl_json_text(finding, "kind"), snarl_json_text(finding, "message"),
                                     NULL};
        if (counts(finding) && run_texts(store, "INSERT OR IGNORE INTO seen VALUES(?1, ?2, ?3, ?4)", texts))
            return -1;
    }
    return 0;
}

/* The run's row: how many findings it has, and how many of them no run that started before had. */
static int insert_run(const struct store *store, const json_t *document, const char *run)
{
    const char *started = snarl_json_text(json_object_get(document, "run"), "started");
    const char *const texts[] = {run, started, program_of(document), NULL};
    const char *const only[] = {run, NULL};
    if (run_texts(store, "DELETE FROM seen WHERE run = ?1", only) || insert_findings(store, document, run))
        return -1;
    return run_texts(
        store,
        "INSERT OR REPLACE INTO runs SELECT ?1, ?2, ?3, (SELECT count(*) FROM seen WHERE run = ?1),"
        " (SELECT count(*) FROM seen AS s WHERE s.run = ?1 AND NOT EXISTS (SELECT 1 FROM seen AS o"
        " JOIN runs AS r ON r.id = o.run WHERE o.fingerprint = s.fingerprint AND o.run != ?1"
        " AND r.started <= ?2))",
        texts);
}

static int tell_findings(const struct store *store, json_t *document)
{
    size_t i;
    json_t *finding;
    json_array_foreach(json_object_get(document, "findings"), i, finding)
    {
        const char *const texts[] = {snarl_json_text(finding, "fingerprint"), NULL};
        sqlite3_stmt *row = prepare(store,
                                    "SELECT min(started), max(started), count(*) FROM seen JOIN runs"
                                    " ON runs.id = seen.run WHERE fingerprint = ?1",
                                    texts);
        if (!row)
            return fail_sqlite(store);
        if (sqlite3_step(row) == SQLITE_ROW && sqlite3_column_int64(row, 2))
            json_object_set_new(finding, "history",
                                json_pack("{s:s, s:s, s:I}", "first_seen",
                                          (const char *)sqlite3_column_text(row, 0), "last_seen",
                                          (const char *)sqlite3_column_text(row, 1), "runs",
                                          (json_int_t)sqlite3_column_int64(row, 2)));
        sqlite3_finalize(row);
    }
    return 0;
}

static int tell_runs(const struct store *store, json_t *document)
{
    const char *const texts[] = {program_of(document), NULL};
    sqlite3_stmt *row = prepare(store,
                                "SELECT id, started, program, findings, fresh FROM runs WHERE program = ?1"
                                " ORDER BY started DESC, id DESC LIMIT ?2",
                                texts);
    json_t *list = json_array();
    if (!row) {
        json_decref(list);
        return fail_sqlite(store);
    }
    sqlite3_bind_int(row, 2, RUNS_SHOWN);
    while (sqlite3_step(row) == SQLITE_ROW)
        json_array_insert_new(list, 0,
                              json_pack("{s:s, s:s, s:s, s:I, s:I}", "id",
                                        (const char *)sqlite3_column_text(row, 0), "started",
                                        (const char *)sqlite3_column_text(row, 1), "program",
                                        (const char *)sqlite3_column_text(row, 2), "findings",
                                        (json_int_t)sqlite3_column_int64(row, 3), "new",
                                        (json_int_t)sqlite3_column_int64(row, 4)));
    sqlite3_finalize(row);
    json_object_set_new(document, "history", list);
    return 0;
}

static int record(const struct store *store, json_t *document)
{
    char id[ID_MAX];
    run_id(document, id, sizeof(id));
    if (run_sql(store, "BEGIN IMMEDIATE"))
        return -1;
    if (check_tables(store) || insert_run(store, document, id) || tell_findings(store, document) ||
        tell_runs(store, document)) {
        sqlite3_exec(store->base, "ROLLBACK", NULL, NULL, NULL);
        return -1;
    }
    return run_sql(store, "COMMIT");
}

int snarl_store_record(const char *path, json_t *document, char *error, size_t error_size)
{
    struct store store = {.path = path, .error = error, .error_size = error_size};
    int result = -1;
    if (sqlite3_open_v2(path, &store.base, SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE, NULL) != SQLITE_OK) {
        fail_sqlite(&store);
    } else {
        sqlite3_busy_timeout(store.base, BUSY_MS);
        result = record(&store, document);
    }
    sqlite3_close(store.base);
    return result;
}
