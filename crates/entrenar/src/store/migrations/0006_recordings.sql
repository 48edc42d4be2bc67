-- Schema 6: live recordings. Described in docs/store-format.md.

-- What a session has that was recorded, or read from the session.json of such a one.
CREATE TABLE recordings (
    session         INTEGER PRIMARY KEY REFERENCES sessions (session) ON DELETE CASCADE,
    state           TEXT,
    forked_session  TEXT,
    forked_step     INTEGER,
    environment     TEXT NOT NULL
);
CREATE INDEX recordings_state ON recordings (state);
CREATE INDEX recordings_forked ON recordings (forked_session) WHERE forked_session IS NOT NULL;

-- One row for each recorder (process) of a session, with its mark: what of its journal is in here.
CREATE TABLE recorders (
    recorder      TEXT PRIMARY KEY NOT NULL CHECK (length(recorder) = 32),
    session       INTEGER NOT NULL REFERENCES sessions (session) ON DELETE CASCADE,
    -- Recorders that were at work together have the same number; a resumed session has the next.
    stretch       INTEGER NOT NULL,
    rank          INTEGER,
    pid           INTEGER NOT NULL,
    host          TEXT,
    started_us    INTEGER NOT NULL,
    started_rest  INTEGER NOT NULL,
    ended_us      INTEGER,
    ended_rest    INTEGER,
    state         TEXT NOT NULL,
    -- Journal files below this number are in here.
    file          INTEGER NOT NULL,
    -- The points below this sequence are in here, apart from late ones of files not sealed yet.
    sequence      INTEGER NOT NULL,
    points        INTEGER NOT NULL,
    dropped       INTEGER NOT NULL,
    -- Time of the last point or cell.
    last_us       INTEGER,
    -- Place of its last cell in the session.
    last_cell     INTEGER,
    -- What its last frame said of its end, while more may follow.
    said          TEXT
) WITHOUT ROWID;
CREATE INDEX recorders_session ON recorders (session, stretch);
CREATE INDEX recorders_state ON recorders (state);

-- What a recorder's series numbers mean, while it is at work.
CREATE TABLE recorder_series (
    recorder  TEXT NOT NULL REFERENCES recorders (recorder) ON DELETE CASCADE,
    number    INTEGER NOT NULL,
    name      TEXT NOT NULL,
    run       INTEGER,
    rank      INTEGER,
    PRIMARY KEY (recorder, number)
) WITHOUT ROWID;

-- How far each lane is, and the parts of a frame whose last part was not there yet.
CREATE TABLE recorder_lanes (
    recorder    TEXT NOT NULL REFERENCES recorders (recorder) ON DELETE CASCADE,
    lane        INTEGER NOT NULL,
    next_frame  INTEGER NOT NULL,
    unfinished  BLOB,
    PRIMARY KEY (recorder, lane)
) WITHOUT ROWID;

-- Figures of a series that grow with it; NULL is NaN in `last`, and none in the others.
CREATE TABLE series_figures (
    series      INTEGER PRIMARY KEY REFERENCES series (series) ON DELETE CASCADE,
    last        REAL,
    finite_min  REAL,
    finite_max  REAL
);
