//! The numbers of the file format; `docs/store-format.md` has the same.

/// `PRAGMA application_id` of a store: "Entr" in ASCII.
pub(super) const APPLICATION_ID: i64 = 0x456e_7472;

/// The migrations in their order. One is added for each new schema; none is ever changed.
/// `PRAGMA user_version` is the number of those applied.
pub(super) const MIGRATIONS: [&str; 6] = [
    include_str!("../migrations/0001_sessions.sql"),
    include_str!("../migrations/0002_artifact_metadata.sql"),
    include_str!("../migrations/0003_references.sql"),
    include_str!("../migrations/0004_deposits.sql"),
    include_str!("../migrations/0005_pages.sql"),
    include_str!("../migrations/0006_recordings.sql"),
];

/// The oldest schema that is read without being migrated.
pub(super) const OLDEST_READABLE: i64 = 1;

/// Largest text, output or source document, in bytes (SQLite's limit of a value is 10^9; a row
/// holds some figures beside it).
pub const MAX_VALUE_BYTES: u64 = 999_000_000;

/// Deepest nesting of JSON that is read back (serde_json reads 127 levels).
pub(super) const MAX_JSON_DEPTH: usize = 127;

/// Outputs of more bytes of JSON are kept as blobs, each once.
pub(super) const LARGE_OUTPUT_BYTES: usize = 16 << 10;

/// Most points in a chunk.
pub(super) const CHUNK_POINTS: usize = 65_536;
