//! `--anonymous`: what the authors say about it, and what they are told.

use std::path::{Path, PathBuf};
use std::{fs, io};

use entrenar::preserve::anonymous::{self, Anonymous, AnonymousOptions};
use entrenar::preserve::{ArtifactFolder, Attachments, PreserveError};
use entrenar::research::ResearchArtifact;
use entrenar::session::EntrenarSession;
use serde_json::{Value, json};

use crate::app::App;
use crate::errors::{Exit, Failure};
use crate::figures;
use crate::keys;
use crate::term::{Line, Tone};

/// Removals that are printed; all are in `--json`.
const SHOWN: usize = 60;

/// For double-blind review.
#[derive(Debug, Clone, clap::Args)]
pub(crate) struct Anonymity {
    /// Remove what tells who made it: names, affiliations, identifiers, users, paths, hosts,
    /// e-mail addresses, repositories, clock times
    #[arg(long, conflicts_with_all = ["project", "preregistration"])]
    anonymous: bool,
    /// Where the mapping back goes, for you alone [default: beside the crate]
    #[arg(long, value_name = "FILE", requires = "anonymous")]
    mapping: Option<PathBuf>,
    /// Remove this text, too (repeatable)
    #[arg(long, value_name = "TEXT", requires = "anonymous")]
    remove: Vec<String>,
    /// Leave this text, and addresses and paths that begin with it (repeatable)
    #[arg(long, value_name = "TEXT", requires = "anonymous")]
    keep: Vec<String>,
}

impl Anonymity {
    /// The session and its description without identities, if that was asked for.
    pub(crate) fn of(
        &self,
        session: &EntrenarSession,
        artifact: &ResearchArtifact,
        attached: &Attachments,
    ) -> Result<Option<Anonymous>, Failure> {
        if !self.anonymous {
            return Ok(None);
        }
        let options = AnonymousOptions {
            remove: self.remove.clone(),
            keep: self.keep.clone(),
            beside: anonymous::attached_texts(attached).map_err(|error| cannot_add(&error))?,
        };
        Ok(Some(anonymous::anonymise(session, artifact, &options)))
    }

    /// Where the mapping back goes.
    pub(crate) fn mapping(&self, output: &Path) -> PathBuf {
        self.mapping.clone().unwrap_or_else(|| {
            let mut name = output.file_name().unwrap_or_default().to_owned();
            name.push(".mapping.json");
            output.with_file_name(name)
        })
    }
}

/// The attached files without identities.
pub(crate) fn attachments(
    anonymous: &mut Anonymous,
    found: &Attachments,
) -> Result<Attachments, Failure> {
    anonymous
        .attachments(found)
        .map_err(|error| cannot_add(&error))
}

fn cannot_add(error: &PreserveError) -> Failure {
    Failure::new(Exit::InputFailed, "cannot add the files").because(error)
}

/// Refuses a folder that still tells who made it.
pub(crate) fn check(anonymous: &Anonymous, folder: &ArtifactFolder) -> Result<(), Failure> {
    let leaks = anonymous
        .leaks(folder)
        .map_err(|error| Failure::new(Exit::Output, "cannot check the crate").because(&error))?;
    let Some((path, stand_in)) = leaks.first() else {
        return Ok(());
    };
    let written = anonymous
        .identities
        .iter()
        .find(|identity| identity.stand_in == *stand_in)
        .and_then(|identity| identity.written.first())
        .map_or("", String::as_str);
    let text = format!(
        "the crate is not written: {path} would still hold {written:?}, for which {stand_in} stands"
    );
    Err(Failure::new(Exit::Broken, text).hint(format!(
        "if it tells nothing, say `--keep {written:?}`; else leave the file or the field out"
    )))
}

/// Writes the mapping back, in the place of one that is there.
pub(crate) fn save_mapping(anonymous: &Anonymous, path: &Path) -> Result<(), Failure> {
    match fs::remove_file(path) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => {
            return Err(Failure::unwritable(path, &error));
        }
        Ok(()) | Err(_) => {}
    }
    keys::write_private(path, anonymous.mapping_json().as_bytes())
}

/// Tells what was removed, and what nobody looked into.
pub(crate) fn print(app: &mut App, anonymous: &Anonymous, mapping: &Path) -> Result<(), Failure> {
    app.heading("Removed")?;
    for removal in anonymous.removals.iter().take(SHOWN) {
        let times = match removal.count {
            1 => String::new(),
            count => format!("  {count} times"),
        };
        let line = Line::new()
            .plain(format!("{}  ", removal.place))
            .dim(format!("{}{times}", removal.what));
        app.out.line(&line)?;
    }
    let more = anonymous.removals.len().saturating_sub(SHOWN);
    if more > 0 {
        let more = figures::count(more, "more place", "more places");
        app.out
            .line(&Line::new().dim(format!("{more}; `--json` lists all")))?;
    }
    for place in &anonymous.unseen {
        let line = Line::of(Tone::Warning, "! ").plain(format!(
            "{place}: look into it yourself; no text was searched in it"
        ));
        app.out.line(&line)?;
    }
    let line = Line::of(Tone::Warning, "! ").plain(format!(
        "{} says what was there: keep it, and give it to nobody",
        mapping.display()
    ));
    Ok(app.out.long_line(&line)?)
}

/// As JSON. The mapping is not part of it.
pub(crate) fn to_json(anonymous: &Anonymous, mapping: &Path) -> Value {
    let removals: Vec<Value> = anonymous
        .removals
        .iter()
        .map(|removal| {
            json!({
                "place": removal.place,
                "what": removal.what.to_string(),
                "count": removal.count,
            })
        })
        .collect();
    json!({
        "removals": removals,
        "unseen": anonymous.unseen,
        "mapping": mapping.to_string_lossy(),
    })
}
