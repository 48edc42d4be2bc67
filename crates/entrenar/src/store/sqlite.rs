/// The embedded store: one SQLite file.
#[derive(Debug)]
pub struct SqliteStore {}
