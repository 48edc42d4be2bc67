//! Citations as people read them, on the command line.

use std::fs::File;
use std::io::Read as _;
use std::path::{Path, PathBuf};

use entrenar::research::Reference;
use entrenar::research::style::{CitationStyle, StyleError, TextFormat};

use crate::app::App;
use crate::errors::{Exit, Failure};
use crate::term::Line;

/// Options for a formatted citation.
#[derive(Debug, Clone, clap::Args)]
pub(crate) struct Styled {
    /// As people read it: apa, ieee, mla, …; `list` shows all
    #[arg(long, value_name = "NAME", conflicts_with = "format")]
    style: Option<String>,
    /// In the style of a CSL file
    #[arg(long, value_name = "FILE", conflicts_with_all = ["style", "format"])]
    csl: Option<PathBuf>,
    /// The language of a style: de, en-GB, … [default: that of the style]
    #[arg(long, value_name = "LOCALE")]
    locale: Option<String>,
    /// As it is cited in a text, not as in a list
    #[arg(long)]
    in_text: bool,
    /// How a formatted citation is written
    #[arg(long, value_enum, default_value = "plain", value_name = "KIND")]
    text: Text,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
enum Text {
    Plain,
    Html,
    Markdown,
}

/// The largest CSL file that is read; the library's own limit is lower.
const MOST_BYTES: u64 = 4 << 20;

impl Styled {
    /// Whether the names of the styles are wanted.
    pub(crate) fn wants_list(&self) -> bool {
        self.style.as_deref() == Some("list")
    }

    /// Prints the names of the styles.
    pub(crate) fn list(app: &mut App) -> Result<Exit, Failure> {
        for name in CitationStyle::names() {
            app.out.line(&Line::new().plain(name))?;
        }
        Ok(Exit::Done)
    }

    /// The style, if one is wanted.
    pub(crate) fn style(&self) -> Result<Option<CitationStyle>, Failure> {
        if let Some(path) = &self.csl {
            let style = CitationStyle::from_csl(&text_of(path)?);
            return style.map(Some).map_err(|error| told(&error, Some(path)));
        }
        match &self.style {
            Some(name) => CitationStyle::named(name)
                .map(Some)
                .map_err(|error| told(&error, None)),
            None if self.locale.is_some() || self.in_text || self.text != Text::Plain => Err(
                Failure::usage("--locale, --in-text and --text need a style")
                    .hint("`--style apa`, or `--csl FILE`"),
            ),
            None => Ok(None),
        }
    }

    /// The works in the style.
    pub(crate) fn write(
        &self,
        style: &CitationStyle,
        works: &[Reference],
    ) -> Result<String, Failure> {
        if works.is_empty() {
            return Ok(String::new());
        }
        let locale = self.locale.as_deref();
        let format = match self.text {
            Text::Plain => TextFormat::Plain,
            Text::Html => TextFormat::Html,
            Text::Markdown => TextFormat::Markdown,
        };
        let written = if self.in_text {
            style.in_text(works, locale, format)
        } else {
            style.bibliography(works, locale, format)
        };
        written.map_err(|error| told(&error, self.csl.as_deref()))
    }
}

fn text_of(path: &Path) -> Result<String, Failure> {
    let mut text = String::new();
    File::open(path)
        .and_then(|file| file.take(MOST_BYTES).read_to_string(&mut text))
        .map_err(|error| {
            let message = format!("cannot read {}", path.display());
            Failure::new(Exit::InputFailed, message).because(&error)
        })?;
    Ok(text)
}

fn told(error: &StyleError, path: Option<&Path>) -> Failure {
    let message = match path {
        Some(path) => format!("cannot use {}", path.display()),
        None => "cannot format the citation".to_owned(),
    };
    let exit = match (error, path) {
        (StyleError::UnknownStyle { .. } | StyleError::UnknownLocale { .. }, _) => Exit::Usage,
        _ => Exit::InputFailed,
    };
    let failure = Failure::new(exit, message).because(error);
    match error {
        StyleError::UnknownStyle { .. } => {
            failure.hint("`--style list` shows the names; `--csl FILE` takes any CSL file")
        }
        StyleError::Dependent {
            archived: Some(name),
            ..
        } => failure.hint(format!("that style is here: `--style {name}`")),
        StyleError::Dependent { parent, .. } => {
            failure.hint(format!("give the file of {parent}: `--csl FILE`"))
        }
        StyleError::UnknownLocale { .. } => {
            let names = CitationStyle::locales().join(", ");
            failure.hint(format!("there are {names}"))
        }
        _ => failure,
    }
}
