-- Schema 5. The points of a large chunk are in pages, each a row that is read without its
-- neighbours; the chunk's `data` then is what the pages share, and its `pyramid` what is known of
-- each page without its points.
CREATE TABLE pages (
    page   INTEGER PRIMARY KEY,
    chunk  INTEGER NOT NULL REFERENCES chunks (chunk) ON DELETE CASCADE,
    place  INTEGER NOT NULL,
    data   BLOB NOT NULL,
    UNIQUE (chunk, place)
);
