use std::fs;
use std::path::{Path, PathBuf};

use entrenar::preserve::{self, ArtifactFolder, Parts, Written};
use entrenar::research::ro_crate::{PROCESS_RUN_PROFILE, Version};
use entrenar::session::{EntrenarSession, SessionChain};
use entrenar::store::Store as _;
use serde_json::{Value, json};

use super::import::{SizeLimit, warnings_json};
use crate::anonymity::{self, Anonymity};
use crate::app::App;
use crate::errors::{Exit, Failure};
use crate::figures;
use crate::gate::{self, GateArgs};
use crate::input::{Input, Read};
use crate::metadata;
use crate::packing::{Packing, cannot_build, cannot_write};
use crate::statement::Statement;
use crate::summary;
use crate::term::{Line, Tone};

/// Write a session as an RO-Crate, a folder or an archive
///
/// The folder of `preserve` with all metadata of RO-Crate: each training as an action with its
/// parameters, results, begin, end, status and error, each file with size, SHA-256 and media
/// type. The same session and files give the same bytes everywhere. RO-Crate insists on a date of
/// publication: --date, else the recorded end of the session.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  entrenar crate 3f2a91 -o rank-64 --license CC-BY-4.0 --author 'Ana Silva'
  entrenar crate lora.ipynb -o rank-64.zip --date 2026-11-22
  entrenar crate 3f2a91 -o rank-64.zip --input data/train.csv --result model.safetensors
  entrenar crate 3f2a91 -o rank-64 --project . --include figures
  entrenar crate 3f2a91 -o bag.zip --bagit
  entrenar crate 3f2a91 -o review.zip --anonymous --remove 'Project Nightingale'")]
pub(crate) struct Args {
    /// The session's id or the beginning of it; or a file, which is read and not kept
    #[arg(value_name = "ID|FILE")]
    session: String,
    /// The folder to write, or the archive, if the name ends with `.zip`
    #[arg(long, short, value_name = "DIR|FILE.zip")]
    output: PathBuf,
    /// The version of RO-Crate
    #[arg(long, value_name = "VERSION", default_value = "1.1", value_parser = version)]
    format: Version,
    /// Write a bag (BagIt 1.0, RFC 8493) that holds the crate
    #[arg(long)]
    bagit: bool,
    #[command(flatten)]
    packing: Packing,
    #[command(flatten)]
    anonymity: Anonymity,
    #[command(flatten)]
    gate: GateArgs,
    #[command(flatten)]
    statement: Statement,
    /// Replace what is there; a folder with other files in it is kept beside
    #[arg(long)]
    force: bool,
    /// Print what was done as JSON
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    limit: SizeLimit,
}

/// What is to be written.
struct Found {
    session: EntrenarSession,
    source: Option<Vec<u8>>,
    chain: Option<SessionChain>,
}

fn version(text: &str) -> Result<Version, String> {
    text.parse::<Version>().map_err(|error| error.to_string())
}

impl Args {
    pub(crate) fn run(self, app: &mut App) -> Result<Exit, Failure> {
        if !self.force && fs::symlink_metadata(&self.output).is_ok() {
            let name = self.output.display();
            return Err(
                Failure::new(Exit::Output, format!("{name} is there already"))
                    .hint("`--force` replaces it, `-o` names another"),
            );
        }
        let mut found = self.read(app)?;
        let options = self.statement.options(app, &found.session.id)?;
        metadata::tell_files(app, &found.session, &options)?;
        let mut artifact = preserve::describe(&found.session, &options);
        if preserve::publication_date(&artifact).is_none() {
            let mut text =
                "RO-Crate insists on a date of publication, and the session records no end"
                    .to_owned();
            if let Some(how) = found.session.derived.get("ended_at") {
                text.push_str(&format!(" (what `show` gives is {how})"));
            }
            return Err(Failure::new(Exit::Usage, text)
                .hint("state one: `--date YYYY-MM-DD`")
                .hint("`entrenar preserve` writes the folder without RO-Crate metadata"));
        }
        let mut attachments = self.packing.attachments()?;
        let mapping = self.anonymity.mapping(&self.output);
        let mut anonymous = self.anonymity.of(&found.session, &artifact, &attachments)?;
        if let Some(anonymous) = &mut anonymous {
            if !self.force && fs::symlink_metadata(&mapping).is_ok() {
                let name = mapping.display();
                return Err(
                    Failure::new(Exit::Output, format!("{name} is there already"))
                        .hint("`--force` replaces it, `--mapping` names another"),
                );
            }
            attachments = anonymity::attachments(anonymous, &attachments)?;
            // Document and chain are those of the session as it was.
            found = Found {
                session: anonymous.session.clone(),
                source: None,
                chain: None,
            };
            artifact = anonymous.artifact.clone();
        }
        let project = self.packing.project()?;
        let preregistration = self.packing.preregistration()?;
        let parts = Parts {
            source: found.source.as_deref(),
            chain: found.chain.as_ref(),
            attachments: Some(&attachments),
            project: project.as_ref(),
            preregistration: preregistration.as_deref(),
            version: self.format,
            redactions: None,
        };
        let gated = self
            .gate
            .build(&found.session, &artifact, &parts)
            .map_err(|error| cannot_build(&found.session, &error))?;
        gate::pass(app, &gated.report, self.json)?;
        let folder = &gated.folder;
        if let Some(anonymous) = &anonymous {
            anonymity::check(anonymous, folder)?;
            // Without it nobody could say again who was who.
            anonymity::save_mapping(anonymous, &mapping)?;
        }
        let is_zip = self
            .output
            .extension()
            .is_some_and(|extension| extension.eq_ignore_ascii_case("zip"));
        let written = match (is_zip, self.bagit) {
            (true, bagit) => preserve::write_zip(folder, &self.output, bagit, self.force),
            (false, true) => preserve::write_bag(folder, &self.output, self.force),
            (false, false) => preserve::write(folder, &self.output, self.force),
        }
        .map_err(|error| cannot_write(&self.output, &error))?;
        if self.json {
            let mut done = self.to_json(&found, folder, &written);
            if let (Some(anonymous), Some(done)) = (&anonymous, done.as_object_mut()) {
                done.insert("anonymous".into(), anonymity::to_json(anonymous, &mapping));
            }
            if let Some(done) = done.as_object_mut() {
                done.insert("gate".into(), gate::to_json(&gated));
            }
            app.out.json(&done)?;
        } else {
            if let Some(anonymous) = &anonymous {
                anonymity::print(app, anonymous, &mapping)?;
                app.out.gap()?;
            }
            self.print(app, &found, folder, &written)?;
            gate::warn(app, &gated)?;
        }
        Ok(Exit::Done)
    }
}

impl Args {
    /// The session, its source document, and its chain of events.
    fn read(&self, app: &App) -> Result<Found, Failure> {
        let file = Path::new(&self.session);
        let input = match fs::metadata(file) {
            _ if self.session == "-" => Input::Stdin,
            Ok(found) if found.is_dir() && preserve::is_artifact_folder(file) => {
                Input::Artifact(file.to_owned())
            }
            Ok(found) if found.is_file() => Input::File(file.to_owned()),
            _ => {
                let (store, id) = app.find(&self.session)?;
                return Ok(Found {
                    session: store.session(&id)?,
                    source: store.source(&id)?,
                    chain: Some(store.chain(&id)?),
                });
            }
        };
        let Read { session, source } = input.read(self.limit.limits())?;
        Ok(Found {
            // As a store would have it after the import.
            chain: Some(SessionChain::of_import(&session)),
            session,
            source,
        })
    }

    fn print(
        &self,
        app: &mut App,
        found: &Found,
        folder: &ArtifactFolder,
        written: &Written,
    ) -> Result<(), Failure> {
        let session = &found.session;
        for line in summary::warnings(&session.warnings, false) {
            app.out.line(&line)?;
        }
        let known = &session.warnings;
        let own = folder.warnings.iter().filter(|w| !known.contains(w));
        for line in summary::warnings(own, true) {
            app.out.line(&line)?;
        }
        if let Some(moved) = &written.kept {
            let line = Line::of(Tone::Warning, "! ").plain("what was there is kept as ");
            app.out
                .long_line(&line.plain(moved.display().to_string()))?;
        }
        let name = self.output.display().to_string();
        let line = Line::of(Tone::Good, "written ")
            .and(Tone::Strong, name)
            .dim(format!(
                "  {}, {}, RO-Crate {}{}",
                figures::count(written.files, "file", "files"),
                figures::bytes(written.bytes),
                self.format,
                if self.bagit { " in a bag" } else { "" },
            ));
        app.out.long_line(&line)?;
        let absent = Statement::absent(&folder.artifact);
        if !absent.is_empty() {
            let line = Line::new().dim(format!("not given {}", absent.join(", ")));
            app.out.line(&line)?;
        }
        Ok(())
    }

    fn to_json(&self, found: &Found, folder: &ArtifactFolder, written: &Written) -> Value {
        json!({
            "id": found.session.id,
            "output": self.output.to_string_lossy(),
            "conforms_to": [self.format.uri(), PROCESS_RUN_PROFILE],
            "bagit": self.bagit,
            "bytes": written.bytes,
            "files": folder.paths(),
            "kept": written.kept.as_ref().map(|path| path.to_string_lossy()),
            "warnings": warnings_json(&folder.warnings),
        })
    }
}
