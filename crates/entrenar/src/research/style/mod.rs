//! Citations as people read them: APA, IEEE, Chicago, MLA, Vancouver, Nature and any CSL file.
//!
//! Styles and languages are those of the Citation Style Language 1.0.2; the crate `hayagriva`
//! processes them and has about a hundred styles in its archive.
//!
//! ```
//! use entrenar::research::style::{CitationStyle, TextFormat};
//! use entrenar::research::{Author, PartialDate, Reference, ReferenceKind};
//!
//! let paper = Reference::new(ReferenceKind::Book)
//!     .with_title("Notes on the analytical engine")
//!     .with_author(Author::new("Ada Lovelace"))
//!     .with_issued(PartialDate::from_year(1843).ok_or("no year")?);
//! let style = CitationStyle::named("apa")?;
//! let text = style.bibliography(&[paper], None, TextFormat::Plain)?;
//! assert_eq!(text, "Lovelace, A. (1843). Notes on the analytical engine.\n");
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

mod case;
mod check;
mod write;

use std::collections::BTreeMap;
use std::error::Error as _;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::OnceLock;

use hayagriva::archive::{self, ArchivedStyle};
use hayagriva::citationberg::json::{
    DateValue, Item, LiteralName, NameItem, NameValue, Value as ItemValue, VecDate, VecDateRange,
};
use hayagriva::citationberg::{IndependentStyle, Locale, LocaleCode, Style};
use hayagriva::{
    BibliographyDriver, BibliographyRequest, CitationItem, CitationRequest, ElemChildren,
};

use super::{Author, AuthorKind, PartialDate, Reference};

/// How a formatted citation is written down.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum TextFormat {
    /// Text alone.
    Plain,
    /// HTML, escaped: a `div` with one `div` an entry.
    Html,
    /// Markdown (CommonMark), escaped.
    Markdown,
}

/// Why a citation cannot be formatted.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum StyleError {
    /// Give one of [`CitationStyle::names`], or a CSL file.
    #[error("there is no style {name:?}")]
    UnknownStyle {
        /// The name that was given.
        name: String,
    },
    /// Give the file of the style that it depends on.
    #[error("the style {title:?} only points at another one, {parent}")]
    Dependent {
        /// Its title.
        title: String,
        /// The address of the style it depends on.
        parent: String,
        /// The name of that style in the archive, where it is there.
        archived: Option<&'static str>,
    },
    /// The file is no style of CSL.
    #[error("it is no CSL style: {message}")]
    InvalidStyle {
        /// What is wrong, with its path in the document where known.
        message: String,
    },
    /// Give one of [`CitationStyle::locales`].
    #[error("there is no locale {name:?}")]
    UnknownLocale {
        /// The name that was given.
        name: String,
    },
    /// The style makes its processor fail; another style will do.
    #[error("the style cannot be applied: its processor failed")]
    Processor,
}

/// The styles that the documentation names, with the names they go by here.
const WELL_KNOWN: [(&str, ArchivedStyle); 8] = [
    ("apa", ArchivedStyle::AmericanPsychologicalAssociation),
    ("chicago", ArchivedStyle::ChicagoAuthorDate),
    ("chicago-author-date", ArchivedStyle::ChicagoAuthorDate),
    ("chicago-notes", ArchivedStyle::ChicagoNotes),
    (
        "ieee",
        ArchivedStyle::InstituteOfElectricalAndElectronicsEngineers,
    ),
    ("mla", ArchivedStyle::ModernLanguageAssociation),
    ("nature", ArchivedStyle::Nature),
    ("vancouver", ArchivedStyle::SpringerVancouver),
];

/// A style of citation.
#[derive(Debug, Clone)]
pub struct CitationStyle {
    style: IndependentStyle,
}

impl CitationStyle {
    /// A style of the archive, by a name of [`names`](Self::names).
    ///
    /// # Errors
    /// If there is none of that name.
    pub fn named(name: &str) -> Result<Self, StyleError> {
        let unknown = || StyleError::UnknownStyle {
            name: name.to_owned(),
        };
        let lower = name.trim().to_ascii_lowercase();
        let archived = WELL_KNOWN
            .iter()
            .find(|(known, _)| *known == lower)
            .map(|(_, style)| *style)
            .or_else(|| ArchivedStyle::by_name(&lower))
            .ok_or_else(unknown)?;
        match archived.get() {
            Style::Independent(style) => Ok(Self { style }),
            Style::Dependent(_) => Err(unknown()),
        }
    }

    /// The names of the styles of the archive, sorted.
    pub fn names() -> Vec<&'static str> {
        let mut names: Vec<&str> = WELL_KNOWN.iter().map(|(name, _)| *name).collect();
        names.extend(ArchivedStyle::all().iter().flat_map(|style| style.names()));
        names.sort_unstable();
        names.dedup();
        names
    }

    /// Reads a CSL file.
    ///
    /// # Errors
    /// If it is no style of CSL 1.0, is too large or nested too deep, has macros that call
    /// themselves, or depends on another style.
    pub fn from_csl(xml: &str) -> Result<Self, StyleError> {
        check::source(xml)?;
        let style = Style::from_xml(xml).map_err(|error| StyleError::InvalidStyle {
            message: match error.source() {
                Some(cause) => format!("{error}: {cause}"),
                None => error.to_string(),
            },
        })?;
        match style {
            Style::Independent(style) => {
                check::macros(&style)?;
                Ok(Self { style })
            }
            Style::Dependent(style) => {
                let parent = style.parent_link.href;
                let id = parent.rsplit('/').next().unwrap_or_default();
                let archived = ArchivedStyle::all()
                    .iter()
                    .find(|known| known.csl_id().rsplit('/').next() == Some(id))
                    .and_then(|known| known.names().first().copied());
                Err(StyleError::Dependent {
                    title: style.info.title.value,
                    parent,
                    archived,
                })
            }
        }
    }

    /// The title of the style.
    pub fn title(&self) -> &str {
        &self.style.info.title.value
    }

    /// The locales, sorted: `de-DE`, `en-US`, ….
    pub fn locales() -> Vec<String> {
        let mut names: Vec<String> = locales()
            .iter()
            .filter_map(|locale| Some(locale.lang.as_ref()?.0.clone()))
            .collect();
        names.sort_unstable();
        names
    }

    /// The bibliography of these works, in the order of the style; where the style has none, the
    /// notes.
    ///
    /// `locale` is one of [`locales`](Self::locales) or a language (`de`); without it, that of the
    /// style counts, else American English.
    ///
    /// # Errors
    /// If there is no such locale, or the style makes its processor fail.
    pub fn bibliography(
        &self,
        references: &[Reference],
        locale: Option<&str>,
        format: TextFormat,
    ) -> Result<String, StyleError> {
        self.render(references, locale, format, true)
    }

    /// The works as they are cited in a text or note, all in one citation: `(Hu et al., 2022)`.
    ///
    /// # Errors
    /// As [`bibliography`](Self::bibliography).
    pub fn in_text(
        &self,
        references: &[Reference],
        locale: Option<&str>,
        format: TextFormat,
    ) -> Result<String, StyleError> {
        self.render(references, locale, format, false)
    }

    fn render(
        &self,
        references: &[Reference],
        locale: Option<&str>,
        format: TextFormat,
        as_list: bool,
    ) -> Result<String, StyleError> {
        let files = locales();
        let locale = locale.map(|name| locale_code(name, files)).transpose()?;
        let items: Vec<Item> = references.iter().zip(1..).map(item).collect();
        let has_list = as_list && self.style.bibliography.is_some();
        // A style is a program that somebody else wrote, and its interpreter has its limits.
        let entries = catch_unwind(AssertUnwindSafe(|| {
            let mut driver = BibliographyDriver::new();
            let groups: Vec<&[Item]> = if as_list {
                items.chunks(1).collect()
            } else {
                vec![items.as_slice()]
            };
            for (group, number) in groups.into_iter().zip(1..) {
                driver.citation(CitationRequest::new(
                    group.iter().map(CitationItem::with_entry).collect(),
                    &self.style,
                    locale.clone(),
                    files,
                    Some(number),
                ));
            }
            let rendered =
                driver.finish(BibliographyRequest::new(&self.style, locale.clone(), files));
            let list = rendered.bibliography.filter(|_| has_list);
            match list {
                Some(list) => list
                    .items
                    .into_iter()
                    .map(|item| {
                        let first = item.first_field.map(|field| ElemChildren(vec![field]));
                        (first, item.content)
                    })
                    .collect::<Vec<_>>(),
                None => rendered
                    .citations
                    .into_iter()
                    .map(|citation| (None, citation.citation))
                    .collect(),
            }
        }))
        .map_err(|_panic| StyleError::Processor)?;
        let own: String = items
            .iter()
            .flat_map(|item| item.0.values())
            .filter_map(|value| value.to_str())
            .collect();
        Ok(write::entries(&entries, &own, format))
    }
}

/// The locales of the archive, decoded once.
fn locales() -> &'static [Locale] {
    static LOCALES: OnceLock<Vec<Locale>> = OnceLock::new();
    LOCALES.get_or_init(archive::locales)
}

fn locale_code(name: &str, files: &[Locale]) -> Result<LocaleCode, StyleError> {
    let name = name.trim();
    let codes = || files.iter().filter_map(|locale| locale.lang.as_ref());
    let exact = codes().find(|code| code.0.eq_ignore_ascii_case(name));
    // a language alone means its first country, or the one that is named alike
    let of_language = || {
        let twin = format!("{name}-{name}");
        let american = name.eq_ignore_ascii_case("en").then_some("en-US");
        codes()
            .find(|code| american.map_or(code.0.eq_ignore_ascii_case(&twin), |us| code.0 == us))
            .or_else(|| {
                codes().find(|code| {
                    code.0
                        .split('-')
                        .next()
                        .is_some_and(|language| language.eq_ignore_ascii_case(name))
                })
            })
    };
    exact
        .or_else(of_language)
        .cloned()
        .ok_or_else(|| StyleError::UnknownLocale {
            name: name.to_owned(),
        })
}

/// A reference as the processor takes it: an item of CSL-JSON.
fn item((reference, number): (&Reference, usize)) -> Item {
    let csl = reference.to_csl_json(&number.to_string());
    let mut fields = BTreeMap::new();
    if let serde_json::Value::Object(csl) = csl {
        for (name, value) in csl {
            let value = match value {
                serde_json::Value::String(text) if name.ends_with("title") => {
                    ItemValue::String(case::protected(&text))
                }
                serde_json::Value::String(text) => ItemValue::String(text),
                serde_json::Value::Number(number) => ItemValue::String(number.to_string()),
                _ => continue,
            };
            fields.insert(name, value);
        }
    }
    // A preprint that is known by its number alone can be reached, too.
    if let (None, Some(identifier)) = (reference.address(), reference.identifiers.first()) {
        let address = identifier.uri();
        if address.starts_with("https://") {
            fields.insert("URL".to_owned(), ItemValue::String(address));
        }
    }
    for (name, people) in [
        ("author", &reference.authors),
        ("editor", &reference.editors),
    ] {
        let names: Vec<NameValue> = people.iter().filter_map(name_value).collect();
        if !names.is_empty() {
            fields.insert(name.to_owned(), ItemValue::Names(names));
        }
    }
    // One date each: the processor takes no ranges.
    for (name, date) in [
        ("issued", reference.issued),
        ("accessed", reference.accessed),
    ] {
        match date.and_then(date_value) {
            Some(date) => fields.insert(name.to_owned(), ItemValue::Date(date)),
            None => fields.remove(name),
        };
    }
    Item(fields)
}

fn name_value(author: &Author) -> Option<NameValue> {
    let (kind, parts) = author.parsed();
    if parts.family.is_empty() {
        return None;
    }
    let given = parts.given.clone().filter(|_| kind == AuthorKind::Person);
    let Some(given) = given else {
        return Some(NameValue::Literal(LiteralName {
            literal: parts.full_family(),
        }));
    };
    // The processor takes a family name of several words apart unless a particle is set apart; it
    // then joins the two again.
    let whole = parts.full_family();
    let (particle, family) = match whole.split_once(' ') {
        Some((particle, family)) => (Some(particle.to_owned()), family.to_owned()),
        None => (None, whole),
    };
    Some(NameValue::Item(NameItem {
        family,
        given: Some(given),
        non_dropping_particle: particle,
        dropping_particle: None,
        suffix: parts.suffix,
        comma_suffix: None,
    }))
}

fn date_value(date: PartialDate) -> Option<DateValue> {
    let mut parts = vec![i16::try_from(date.year()).ok()?];
    parts.extend(date.month().and_then(|month| i16::try_from(month).ok()));
    parts.extend(date.day().and_then(|day| i16::try_from(day).ok()));
    Some(DateValue::DateParts {
        date_parts: VecDateRange(vec![VecDate(parts)]),
        literal: None,
        season: None,
        circa: false,
    })
}
