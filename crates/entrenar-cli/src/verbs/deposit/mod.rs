//! `deposit`: from a session to a record at an archive.

mod contents;
mod place;
mod target;
mod token;
mod told;
mod watch;

use std::ffi::OsString;
use std::io::{self, IsTerminal as _};
use std::path::PathBuf;

use chrono::NaiveDate;
use clap::builder::NonEmptyStringValueParser;
use entrenar::research::archive::{
    Access, Connection, DepositFailure, DepositState, Depositor, Goal, Step, Terms, new_deposit_id,
};
use entrenar::store::{SqliteStore, Store as _, StoredDeposit};

use self::contents::SessionContents;
use self::place::{Command, Place};
use self::target::{Lists, Target};
use self::watch::Bars;
use super::Verb;
use crate::app::{self, App};
use crate::errors::{Exit, Failure};
use crate::gate::GateArgs;
use crate::packing::Packing;
use crate::statement::Statement;
use crate::term::{Line, Tone};
use crate::when;

/// Deposit a session at Zenodo or another archive that runs InvenioRDM
///
/// Makes a draft, reserves its DOI, writes the DOI into the crate, CITATION.cff and notebook, and
/// uploads them. It stays a draft until --publish. What leaves is searched for credentials first.
/// Killed or cut off, `--resume` goes on where it was: there is one record, and no file is
/// uploaded twice.
///
/// The access token is read from a file, the variable ZENODO_TOKEN (FIGSHARE_TOKEN,
/// DATAVERSE_TOKEN) or the keyring, never from the command line. InvenioRDM's needs the scopes
/// deposit:write and deposit:actions.
#[derive(Debug, Clone, clap::Args)]
#[command(after_help = "\
Examples:
  entrenar deposit 3f2a91 --to sandbox --license CC-BY-4.0 --author 'Ana Silva'
  entrenar deposit 3f2a91 --resume --publish
  entrenar deposit 3f2a91 --to https://archive.example.org --token-file ~/.archive-token
  entrenar deposit 3f2a91 --to zenodo --new-version --publish
  entrenar deposit 3f2a91 --to zenodo --embargo 2027-06-01 --community ml
  entrenar deposit 3f2a91 --to figshare --category 'Machine learning' --license CC-BY-4.0
  entrenar deposit 3f2a91 --to https://demo.dataverse.org/dataverse/lab --subject Physics
  entrenar deposit --status
  entrenar deposit 3f2a91 --discard")]
pub(crate) struct Args {
    /// The session's id or the beginning of it
    #[arg(value_name = "ID", required_unless_present = "status")]
    session: Option<String>,
    /// The archive: `zenodo`, `sandbox` (Zenodo's, for trying out), `figshare`, the address of an
    /// archive that runs InvenioRDM, or that of a collection in a Dataverse
    /// (`https://…/dataverse/NAME`)
    #[arg(long, value_name = "zenodo|sandbox|figshare|URL", value_parser = NonEmptyStringValueParser::new())]
    to: Option<String>,
    /// Publish it in the end; asks once more. What is published stays
    #[arg(long)]
    publish: bool,
    /// Do not ask
    #[arg(long, short)]
    yes: bool,
    /// Go on with the deposit that was begun
    #[arg(long, conflicts_with_all = ["to", "new_version", "discard", "status"])]
    resume: bool,
    /// Make a new version of the record that this session has there, or of that record
    #[arg(long, value_name = "RECORD", num_args = 0..=1, require_equals = true,
          default_missing_value = "")]
    new_version: Option<String>,
    /// Ask that community to take the record in once it is published
    #[arg(long, value_name = "NAME", value_parser = NonEmptyStringValueParser::new())]
    community: Option<String>,
    /// Who may have the files
    #[arg(long, value_name = "open|restricted", value_parser = access)]
    access: Option<Access>,
    /// The day on which the files become open; restricted until then
    #[arg(long, value_name = "YYYY-MM-DD", value_parser = when::day)]
    embargo: Option<NaiveDate>,
    /// Stop if the archive gives a DOI of another prefix
    #[arg(long, value_name = "10.…")]
    doi_prefix: Option<String>,
    /// Read the access token from that file, instead of the variable
    #[arg(long, value_name = "FILE")]
    token_file: Option<PathBuf>,
    /// Delete the draft and everything that was uploaded
    #[arg(long, conflicts_with_all = ["to", "publish", "status"])]
    discard: bool,
    /// Tell how far deposits are; nothing is sent
    #[arg(long, conflicts_with_all = ["to", "publish"])]
    status: bool,
    /// Print what was done as JSON
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    lists: Lists,
    #[command(flatten)]
    packing: Packing,
    #[command(flatten)]
    gate: GateArgs,
    #[command(flatten)]
    statement: Statement,
}

fn access(text: &str) -> Result<Access, String> {
    match text {
        "open" => Ok(Access::Open),
        "restricted" => Ok(Access::Restricted),
        _ => Err("write `open` or `restricted`".to_owned()),
    }
}

impl Args {
    pub(crate) fn run(self, app: &mut App) -> Result<Exit, Failure> {
        if self.status {
            return self.tell_status(app);
        }
        let wanted = self.session.clone().unwrap_or_default();
        // A deposit outlives its session.
        let (mut store, id) = app.find_to_write(&wanted)?;
        let known = store.deposits(Some(&id))?;
        if self.discard {
            return self.discard(app, &mut store, &id, &known);
        }
        if self.resume {
            let open = open_deposit(&known, &id)?;
            return self.go_on(app, &mut store, open.state.clone());
        }
        let state = self.begin(&id, &known)?;
        let deposit = state.id.clone();
        let done = self.go_on(app, &mut store, state);
        let kept = store.deposits(Some(&id))?;
        if !kept.iter().any(|one| one.state.id == deposit) {
            // Nothing was sent, and nothing is to go on with.
            Place::remove_of(app, &deposit)?;
        }
        done
    }

    /// A new deposit, if none stands in its way.
    fn begin(&self, session: &str, known: &[StoredDeposit]) -> Result<DepositState, Failure> {
        let Some(to) = &self.to else {
            return Err(Failure::usage("no archive is named")
                .hint("`--to sandbox` tries it out, `--to zenodo` is for real")
                .hint(format!(
                    "`entrenar deposit {session} --resume` goes on with one"
                )));
        };
        let target = Target::of(to)?;
        let base_url = target.base_url()?;
        let mut here = known.iter().filter(|one| one.state.base_url == base_url);
        if let Some(open) = here.clone().find(|one| !one.state.step.is_over()) {
            return Err(Failure::new(
                Exit::Usage,
                format!(
                    "a deposit of this session at {base_url} was begun: {}",
                    told::state_in_words(&open.state)
                ),
            )
            .hint(format!(
                "`entrenar deposit {session} --resume` goes on with it"
            ))
            .hint(format!(
                "`entrenar deposit {session} --discard` deletes its draft"
            )));
        }
        let published = here.rfind(|one| one.state.step.is_published());
        let new_version_of = match (&self.new_version, published) {
            (Some(of), _) if !of.is_empty() => Some(of.clone()),
            (Some(_), Some(published)) => published.state.draft.as_ref().map(|d| d.id.clone()),
            (Some(_), None) => {
                return Err(Failure::usage(format!(
                    "this session has no record at {base_url} that could have a new version"
                ))
                .hint("name the record: `--new-version=RECORD`"));
            }
            (None, Some(published)) => {
                let doi = published.state.doi.clone().unwrap_or_default();
                return Err(Failure::usage(format!(
                    "this session is published at {base_url} already: {doi}"
                ))
                .hint("`--new-version` makes a new version of that record"));
            }
            (None, None) => None,
        };
        if let Some(prefix) = &self.doi_prefix
            && !prefix.starts_with("10.")
        {
            return Err(Failure::usage(format!("{prefix:?} is no prefix of a DOI")));
        }
        let id = new_deposit_id()
            .map_err(|error| Failure::new(Exit::Store, "cannot begin a deposit").because(&error))?;
        let mut state = DepositState::new(id, session, base_url, target.api());
        state.doi_prefix.clone_from(&self.doi_prefix);
        state.new_version_of = new_version_of;
        state.terms = Terms {
            access: match (self.access, self.embargo) {
                (Some(access), _) => access,
                (None, Some(_)) => Access::Restricted,
                (None, None) => Access::Open,
            },
            embargo: self.embargo,
            community: self.community.clone(),
        };
        if self.access == Some(Access::Open) && self.embargo.is_some() {
            return Err(
                Failure::usage("files under an embargo are not open until then")
                    .hint("leave `--access open` out"),
            );
        }
        Ok(state)
    }

    /// Brings a deposit as far as it was asked for.
    fn go_on(
        &self,
        app: &mut App,
        store: &mut SqliteStore,
        mut state: DepositState,
    ) -> Result<Exit, Failure> {
        let session = state.artifact.clone();
        app.settle_store()?;
        let place = Place::of(app, &state)?;
        let _lock = place.lock(&session)?;
        let target = Target::of(&state.base_url)?;
        let token = token::read(
            self.token_file.as_deref(),
            target.variable(),
            &state.base_url,
        )?;
        // What was asked for when it was begun counts, also where it goes on.
        let first = match place.command()? {
            Some(command) => command.args()?,
            None => {
                place.keep_command(&Command::of_process())?;
                None
            }
        };
        let first = first.unwrap_or_else(|| self.clone());
        let lists = self.lists.or(&first.lists);
        let goal = if self.publish {
            Goal::Published
        } else {
            Goal::Draft
        };
        let mut contents =
            SessionContents::new(app, store, &first, self, &place, &state, self.resume)?;
        if !contents.is_frozen() {
            contents.check(app, &target, &lists, self.json)?;
        }
        if goal == Goal::Published
            && !state.step.is_published()
            && !self.may_publish(app, &state)?
        {
            app.err.line(&Line::new().dim("nothing was sent"))?;
            return Ok(Exit::Done);
        }
        let connection = Connection::default();
        let known = state.draft.is_some().then_some(state.api);
        let archive = target
            .connect(&token, &lists, known, &connection)
            .map_err(|error| told::no_archive(&state, &error))?;
        state.api = archive.api();
        let mut bars = Bars::new(app.err.is_terminal() && !self.json);
        let done = Depositor {
            archive: &*archive,
            log: store,
            contents: &mut contents,
            watch: &mut bars,
            timer: &*connection.timer,
        }
        .run(&mut state, goal);
        bars.finish();
        match done {
            Ok(()) => {
                if state.step.is_over() {
                    place.remove();
                }
                self.report(app, &state)?;
                Ok(Exit::Done)
            }
            Err(failure) => Err(self.failed(app, &state, &failure)?),
        }
    }

    /// Asks once more, on a terminal.
    fn may_publish(&self, app: &mut App, state: &DepositState) -> Result<bool, Failure> {
        if self.yes {
            return Ok(true);
        }
        if !(io::stdin().is_terminal() && app.err.is_terminal()) {
            return Err(
                Failure::usage("nobody can be asked: this is not a terminal")
                    .hint("`--yes` publishes without asking; without `--publish` it stays a draft"),
            );
        }
        let question = format!(
            "Publish session {} at {}? What is published stays. [y/N] ",
            state.artifact, state.base_url
        );
        app.err.ask(&Line::new().plain(question))?;
        let mut answer = String::new();
        io::stdin().read_line(&mut answer).map_err(|error| {
            Failure::new(Exit::InputFailed, "cannot read the answer").because(&error)
        })?;
        Ok(matches!(answer.trim().to_lowercase().as_str(), "y" | "yes"))
    }

    fn discard(
        &self,
        app: &mut App,
        store: &mut SqliteStore,
        session: &str,
        known: &[StoredDeposit],
    ) -> Result<Exit, Failure> {
        let mut state = open_deposit(known, session)?.state.clone();
        let place = Place::of(app, &state)?;
        let _lock = place.lock(session)?;
        if state.step == Step::Planned {
            state.step = Step::Discarded;
            store.save_deposit(&state)?;
            place.remove();
            self.report(app, &state)?;
            return Ok(Exit::Done);
        }
        let target = Target::of(&state.base_url)?;
        let token = token::read(
            self.token_file.as_deref(),
            target.variable(),
            &state.base_url,
        )?;
        let connection = Connection::default();
        let archive = target
            .connect(&token, &self.lists, Some(state.api), &connection)
            .map_err(|error| told::no_archive(&state, &error))?;
        let mut nothing = contents::Nothing;
        let done = Depositor {
            archive: &*archive,
            log: store,
            contents: &mut nothing,
            watch: &mut entrenar::research::archive::Unwatched,
            timer: &*connection.timer,
        }
        .discard(&mut state);
        match done {
            Ok(()) => {
                place.remove();
                self.report(app, &state)?;
                Ok(Exit::Done)
            }
            Err(failure) => Err(self.failed(app, &state, &failure)?),
        }
    }

    fn failed(
        &self,
        app: &mut App,
        state: &DepositState,
        failure: &DepositFailure,
    ) -> Result<Failure, Failure> {
        if self.json {
            app.out.json(&told::to_json(state))?;
        }
        Ok(told::stopped(state, failure))
    }

    fn report(&self, app: &mut App, state: &DepositState) -> Result<(), Failure> {
        if self.json {
            return Ok(app.out.json(&told::to_json(state))?);
        }
        for line in told::lines(state) {
            app.out.long_line(&line)?;
        }
        Ok(())
    }

    fn tell_status(&self, app: &mut App) -> Result<Exit, Failure> {
        let deposits = match &self.session {
            Some(session) => {
                let (store, id) = app.find(session)?;
                store.deposits(Some(&id))?
            }
            None => match app.store_if_there()? {
                Some(store) => store.deposits(None)?,
                None => Vec::new(),
            },
        };
        if self.json {
            let all: Vec<_> = deposits.iter().map(told::stored_to_json).collect();
            app.out.json(&all.into())?;
            return Ok(Exit::Done);
        }
        for (at, deposit) in deposits.iter().enumerate() {
            if at > 0 {
                app.out.gap()?;
            }
            let session = Line::of(Tone::Id, &deposit.state.artifact);
            app.out
                .line(&session.plain("  ").plain(&deposit.state.base_url))?;
            for line in told::lines(&deposit.state) {
                app.out.long_line(&line)?;
            }
        }
        if deposits.is_empty() {
            app.out.line(&Line::new().dim("no deposits"))?;
        }
        Ok(Exit::Done)
    }
}

/// The deposit of the session that is not over; where there is none, why.
fn open_deposit<'a>(
    known: &'a [StoredDeposit],
    session: &str,
) -> Result<&'a StoredDeposit, Failure> {
    if let Some(open) = known.iter().rev().find(|one| !one.state.step.is_over()) {
        return Ok(open);
    }
    let failure = Failure::new(Exit::NotFound, "no deposit of this session is open");
    Err(match known.last() {
        Some(last) if last.state.step == Step::Done => failure.hint(format!(
            "it was published: {}",
            last.state.doi.as_deref().unwrap_or(&last.state.base_url)
        )),
        _ => failure.hint(format!(
            "`entrenar deposit {session} --to sandbox` begins one"
        )),
    })
}

/// The arguments of a `deposit` command line.
fn arguments(line: Vec<OsString>) -> Option<Args> {
    match app::verb_of(line)? {
        Verb::Deposit(args) => Some(args),
        _ => None,
    }
}
