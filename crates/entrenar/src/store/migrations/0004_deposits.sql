-- Schema 4. How far each deposit is, and the steps that it took. A deposit outlives its session:
-- what an archive has does not go when a session is removed here.
CREATE TABLE deposits (
    deposit     INTEGER PRIMARY KEY,
    id          TEXT NOT NULL UNIQUE,
    session     TEXT NOT NULL,
    base_url    TEXT NOT NULL,
    step        TEXT NOT NULL,
    updated_us  INTEGER NOT NULL,
    -- JSON of the state.
    body        TEXT NOT NULL
);
CREATE INDEX deposits_by_session ON deposits (session);
CREATE TABLE deposit_steps (
    deposit   INTEGER NOT NULL REFERENCES deposits (deposit) ON DELETE CASCADE,
    place     INTEGER NOT NULL,
    step      TEXT NOT NULL,
    time_us   INTEGER NOT NULL,
    PRIMARY KEY (deposit, place)
) WITHOUT ROWID;
