use std::io::{self, IsTerminal as _, Read as _};

use entrenar::store::Store as _;

use crate::app::App;
use crate::errors::{Exit, Failure};
use crate::term::Line;

/// Replace the notes of a session
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  entrenar note 3f2a91 'First try with rank 64; diverges after step 900.'
  entrenar note 3f2a91 - < notes.txt
  entrenar note 3f2a91 ''            (removes the notes)")]
pub(crate) struct Args {
    /// The session's id or the beginning of it
    id: String,
    /// The notes; `-` or nothing reads standard input; '' removes them
    text: Option<String>,
}

/// Notes are words of a person; more is a mistake.
const MOST_BYTES: u64 = 1 << 20;

impl Args {
    pub(crate) fn run(self, app: &mut App) -> Result<Exit, Failure> {
        let removes = self.text.as_deref() == Some("");
        let text = match self.text {
            Some(text) if text != "-" => text,
            _ => read_stdin()?,
        };
        let text = text.trim_end();
        // An empty file or a pipe that broke is no wish to lose what was written.
        if text.is_empty() && !removes {
            return Err(Failure::usage("the text of the notes is empty").hint(
                "write it behind the id, or give it on standard input; '' removes the notes",
            ));
        }
        let (mut store, id) = app.find_to_write(&self.id)?;
        store.set_notes(&id, (!text.is_empty()).then_some(text))?;
        let done = if text.is_empty() {
            "notes removed"
        } else {
            "notes kept"
        };
        app.out.line(&Line::new().dim(done))?;
        Ok(Exit::Done)
    }
}

fn read_stdin() -> Result<String, Failure> {
    let stdin = io::stdin();
    if stdin.is_terminal() {
        return Err(Failure::usage("no text is given")
            .hint("write it behind the id, or give it on standard input"));
    }
    let mut bytes = Vec::new();
    let failed =
        |error| Failure::new(Exit::InputFailed, "cannot read standard input").because(&error);
    stdin
        .lock()
        .take(MOST_BYTES + 1)
        .read_to_end(&mut bytes)
        .map_err(failed)?;
    if u64::try_from(bytes.len()).is_ok_and(|length| length > MOST_BYTES) {
        return Err(Failure::new(
            Exit::InputFailed,
            "the notes are longer than 1 MiB",
        ));
    }
    String::from_utf8(bytes).map_err(|error| {
        Failure::new(Exit::InputFailed, "the notes are not UTF-8").because(&error.utf8_error())
    })
}
