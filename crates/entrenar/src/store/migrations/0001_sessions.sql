-- Schema 1. Described in docs/store-format.md.
--
-- Text columns hold TEXT, or a BLOB of the same UTF-8 bytes where the text has a NUL.
-- A moment is two columns: *_us (microseconds since 1970-01-01 UTC) and *_rest (nanoseconds
-- 0-999 below that, plus 1000 inside a leap second).
-- Unsigned 64-bit numbers are stored as the signed number with the same bits.
-- NaN is NULL in REAL columns.

CREATE TABLE blobs (
    blob    INTEGER PRIMARY KEY,
    sha256  BLOB NOT NULL UNIQUE CHECK (length(sha256) = 32),
    size    INTEGER NOT NULL,
    data    BLOB NOT NULL
);

CREATE TABLE sessions (
    session         INTEGER PRIMARY KEY,
    id              TEXT NOT NULL UNIQUE,
    name            TEXT NOT NULL,
    user            TEXT,
    architecture    TEXT,
    dataset         TEXT,
    config          TEXT NOT NULL,
    notes           TEXT,
    foreign_id      TEXT,
    started_us      INTEGER,
    started_rest    INTEGER,
    ended_us        INTEGER,
    ended_rest      INTEGER,
    source_name     TEXT,
    source_format   TEXT,
    source_sha256   BLOB,
    source_size     INTEGER,
    source_blob     INTEGER REFERENCES blobs (blob),
    document        TEXT NOT NULL,
    document_extra  TEXT NOT NULL,
    import_sha256   BLOB NOT NULL,
    imported_us     INTEGER NOT NULL,
    -- Figures for lists, computed at import.
    cells           INTEGER NOT NULL,
    points          INTEGER NOT NULL,
    runs            INTEGER NOT NULL,
    steps           INTEGER NOT NULL,
    warnings        INTEGER NOT NULL,
    duration_us     INTEGER,
    final_loss      REAL,
    best_loss       REAL,
    final_accuracy  REAL,
    best_accuracy   REAL,
    -- 1: the final loss is NaN; 2: the final accuracy is NaN.
    nan_figures     INTEGER NOT NULL
);

CREATE INDEX sessions_started ON sessions (started_us, started_rest, id);
CREATE INDEX sessions_imported ON sessions (imported_us, id);
CREATE INDEX sessions_name ON sessions (name, id);
CREATE INDEX sessions_user ON sessions (user, id);
CREATE INDEX sessions_format ON sessions (source_format, id);
CREATE INDEX sessions_cells ON sessions (cells, id);
CREATE INDEX sessions_points ON sessions (points, id);
CREATE INDEX sessions_runs ON sessions (runs, id);
CREATE INDEX sessions_steps ON sessions (steps, id);
CREATE INDEX sessions_duration ON sessions (duration_us, id);
CREATE INDEX sessions_final_loss ON sessions (final_loss, id);
CREATE INDEX sessions_best_loss ON sessions (best_loss, id);
CREATE INDEX sessions_final_accuracy ON sessions (final_accuracy, id);
CREATE INDEX sessions_best_accuracy ON sessions (best_accuracy, id);
CREATE INDEX sessions_blob ON sessions (source_blob) WHERE source_blob IS NOT NULL;

-- The digests of source documents by which a session is known; after a redaction the original
-- digest stays beside the new one.
CREATE TABLE sources (
    sha256         BLOB PRIMARY KEY NOT NULL CHECK (length(sha256) = 32),
    session        INTEGER NOT NULL REFERENCES sessions (session) ON DELETE CASCADE,
    redacted_from  INTEGER NOT NULL
) WITHOUT ROWID;
CREATE INDEX sources_session ON sources (session);

CREATE TABLE tags (
    session  INTEGER NOT NULL REFERENCES sessions (session) ON DELETE CASCADE,
    place    INTEGER NOT NULL,
    tag      TEXT NOT NULL,
    PRIMARY KEY (session, place)
) WITHOUT ROWID;
CREATE INDEX tags_tag ON tags (tag, session);

CREATE TABLE derived (
    session  INTEGER NOT NULL REFERENCES sessions (session) ON DELETE CASCADE,
    field    TEXT NOT NULL,
    how      TEXT NOT NULL,
    PRIMARY KEY (session, field)
) WITHOUT ROWID;

CREATE TABLE warnings (
    session  INTEGER NOT NULL REFERENCES sessions (session) ON DELETE CASCADE,
    place    INTEGER NOT NULL,
    kind     TEXT NOT NULL,
    path     TEXT,
    byte     INTEGER,
    message  TEXT NOT NULL,
    PRIMARY KEY (session, place)
) WITHOUT ROWID;

CREATE TABLE runs (
    session       INTEGER NOT NULL REFERENCES sessions (session) ON DELETE CASCADE,
    place         INTEGER NOT NULL,
    name          TEXT,
    config        TEXT NOT NULL,
    first_cell    INTEGER,
    last_cell     INTEGER,
    started_us    INTEGER,
    started_rest  INTEGER,
    ended_us      INTEGER,
    ended_rest    INTEGER,
    status        TEXT NOT NULL,
    PRIMARY KEY (session, place)
) WITHOUT ROWID;

CREATE TABLE cells (
    cell             INTEGER PRIMARY KEY,
    session          INTEGER NOT NULL REFERENCES sessions (session) ON DELETE CASCADE,
    place            INTEGER NOT NULL,
    execution_order  INTEGER NOT NULL,
    source           TEXT NOT NULL,
    -- 0: none; 1: in `output`; 2: the joined text of the cell's outputs.
    output_from      INTEGER NOT NULL,
    output           TEXT,
    started_us       INTEGER NOT NULL,
    started_rest     INTEGER NOT NULL,
    duration_ms      INTEGER,
    UNIQUE (session, place)
);

CREATE TABLE cell_records (
    session          INTEGER NOT NULL REFERENCES sessions (session) ON DELETE CASCADE,
    place            INTEGER NOT NULL,
    id               TEXT,
    execution_count  INTEGER,
    mode             TEXT,
    error            TEXT,
    metadata         TEXT,
    extra            TEXT,
    time_derived     INTEGER NOT NULL,
    ended_us         INTEGER,
    ended_rest       INTEGER,
    PRIMARY KEY (session, place)
) WITHOUT ROWID;

-- Outputs as JSON in the form of nbformat 4; large ones are blobs.
CREATE TABLE outputs (
    output   INTEGER PRIMARY KEY,
    session  INTEGER NOT NULL REFERENCES sessions (session) ON DELETE CASCADE,
    cell     INTEGER NOT NULL,
    place    INTEGER NOT NULL,
    body     TEXT,
    blob     INTEGER REFERENCES blobs (blob),
    UNIQUE (session, cell, place),
    CHECK ((body IS NULL) <> (blob IS NULL))
);
CREATE INDEX outputs_blob ON outputs (blob) WHERE blob IS NOT NULL;

CREATE TABLE document_cells (
    document_cell  INTEGER PRIMARY KEY,
    session        INTEGER NOT NULL REFERENCES sessions (session) ON DELETE CASCADE,
    place          INTEGER NOT NULL,
    kind           TEXT NOT NULL CHECK (kind IN ('code', 'markdown', 'raw')),
    code_cell      INTEGER,
    id             TEXT,
    source         TEXT,
    metadata       TEXT,
    attachments    TEXT,
    extra          TEXT,
    UNIQUE (session, place)
);

CREATE TABLE series (
    series          INTEGER PRIMARY KEY,
    session         INTEGER NOT NULL REFERENCES sessions (session) ON DELETE CASCADE,
    place           INTEGER NOT NULL,
    name            TEXT NOT NULL,
    run             INTEGER,
    rank            INTEGER,
    count           INTEGER NOT NULL,
    UNIQUE (session, place)
);

-- Up to 65,536 points as compressed columns. `pyramid` is for coarser copies of the columns.
CREATE TABLE chunks (
    chunk      INTEGER PRIMARY KEY,
    series     INTEGER NOT NULL REFERENCES series (series) ON DELETE CASCADE,
    place      INTEGER NOT NULL,
    count      INTEGER NOT NULL,
    step_min   INTEGER,
    step_max   INTEGER,
    time_min   INTEGER,
    time_max   INTEGER,
    first      REAL,
    last       REAL,
    min        REAL,
    max        REAL,
    nan_count  INTEGER NOT NULL,
    data       BLOB NOT NULL,
    pyramid    BLOB,
    UNIQUE (series, place)
);

-- The last value of each name, for sorting and bounds.
CREATE TABLE last_values (
    session  INTEGER NOT NULL REFERENCES sessions (session) ON DELETE CASCADE,
    name     TEXT NOT NULL,
    value    REAL,
    PRIMARY KEY (session, name)
) WITHOUT ROWID;
CREATE INDEX last_values_name ON last_values (name, value, session);

-- The hash-chained log; it outlives the sessions it names.
CREATE TABLE events (
    sequence  INTEGER PRIMARY KEY,
    time_us   INTEGER NOT NULL,
    session   TEXT,
    kind      TEXT NOT NULL,
    detail    TEXT NOT NULL,
    previous  BLOB NOT NULL CHECK (length(previous) = 32),
    hash      BLOB NOT NULL CHECK (length(hash) = 32)
);
CREATE INDEX events_session ON events (session, sequence);
