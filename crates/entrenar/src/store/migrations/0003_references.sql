-- Schema 3. The works that a session cites, as a list of CSL-JSON; the store does not read it.
CREATE TABLE artifact_references (
    session  INTEGER PRIMARY KEY REFERENCES sessions (session) ON DELETE CASCADE,
    body     TEXT NOT NULL
);
