use std::fmt;
use std::fs;
use std::io::{self, IsTerminal as _, Read as _};
use std::path::PathBuf;

use entrenar::store::Store as _;

use crate::app::App;
use crate::errors::{Exit, Failure};
use crate::figures;
use crate::term::{Line, Tone};

/// Remove a leaked secret from a session
///
/// Every place where the secret stands in the session's texts, outputs and source document is
/// replaced by a mark, and no copy stays in the store's files. The secret is asked for, or read
/// from standard input or a file; it is never an argument, which every user of the machine can
/// see. Backups and files elsewhere are not changed, and a secret that leaked is to be revoked.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  entrenar redact 3f2a91                        (asks, without showing it)
  pass show old-token | entrenar redact 3f2a91
  entrenar redact 3f2a91 --secret-file token.txt")]
pub(crate) struct Args {
    /// The session's id or the beginning of it
    id: String,
    /// Read the secret from this file
    #[arg(long, value_name = "FILE")]
    secret_file: Option<PathBuf>,
}

/// A secret is shorter; whoever gives more gives the wrong file.
const MOST_BYTES: u64 = 64 << 10;

/// Text that is never printed.
struct Secret(String);

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secret(…)")
    }
}

impl Args {
    pub(crate) fn run(self, app: &mut App) -> Result<Exit, Failure> {
        let (mut store, id) = app.find_to_write(&self.id)?;
        let secret = self.secret(app)?;
        let done = store.redact(&id, &secret.0)?;
        if done.occurrences == 0 {
            return Err(Failure::new(
                Exit::NotFound,
                format!("that text does not stand in session {id}; nothing was changed"),
            )
            .hint("a line end behind the secret is not taken as part of it; spaces are"));
        }
        let places = figures::count(done.occurrences, "place", "places");
        let line = Line::of(Tone::Good, "redacted ")
            .plain(places)
            .dim(" in session ")
            .and(Tone::Id, &id);
        app.out.line(&line)?;
        app.out
            .line(&Line::new().dim("revoke the secret: other copies may exist"))?;
        Ok(Exit::Done)
    }

    fn secret(&self, app: &mut App) -> Result<Secret, Failure> {
        let bytes = match &self.secret_file {
            Some(path) => {
                let file = fs::File::open(path).map_err(|error| {
                    Failure::new(Exit::InputFailed, format!("cannot read {}", path.display()))
                        .because(&error)
                })?;
                read(file)?
            }
            None if io::stdin().is_terminal() => {
                app.err
                    .ask(&Line::new().plain("The secret to remove (not shown): "))?;
                let line = console::Term::stderr().read_secure_line();
                line.map_err(|error| {
                    Failure::new(Exit::InputFailed, "cannot read the secret").because(&error)
                })?
                .into_bytes()
            }
            None => read(io::stdin().lock())?,
        };
        // The conversion error would carry the bytes.
        let text = String::from_utf8(bytes)
            .map_err(|_secret| Failure::new(Exit::InputFailed, "the secret is not UTF-8 text"))?;
        let secret = text.strip_suffix('\n').unwrap_or(&text);
        let secret = secret.strip_suffix('\r').unwrap_or(secret);
        if secret.is_empty() {
            return Err(Failure::usage("the secret is empty"));
        }
        Ok(Secret(secret.to_owned()))
    }
}

fn read(source: impl io::Read) -> Result<Vec<u8>, Failure> {
    let mut bytes = Vec::new();
    source
        .take(MOST_BYTES + 1)
        .read_to_end(&mut bytes)
        .map_err(|error| {
            Failure::new(Exit::InputFailed, "cannot read the secret").because(&error)
        })?;
    if u64::try_from(bytes.len()).is_ok_and(|length| length > MOST_BYTES) {
        return Err(Failure::new(
            Exit::InputFailed,
            "the secret is longer than 64 KiB",
        ));
    }
    Ok(bytes)
}
