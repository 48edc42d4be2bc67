-- Schema 2. What somebody wrote about a session's artifact, as TOML; the store does not read it.
CREATE TABLE artifact_metadata (
    session  INTEGER PRIMARY KEY REFERENCES sessions (session) ON DELETE CASCADE,
    body     TEXT NOT NULL
);
