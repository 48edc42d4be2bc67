//! What tells who somebody is, the word that stands for it, and the search for it in texts.

use std::collections::BTreeMap;

use aho_corasick::{AhoCorasick, MatchKind};
use unicode_normalization::UnicodeNormalization as _;

use crate::research::{Author, AuthorKind};

/// What kind of fact tells who somebody is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub enum IdentityKind {
    /// The name of a person.
    Person,
    /// The name of an organisation: an affiliation, a funder, a team.
    Organisation,
    /// An e-mail address.
    Email,
    /// An identifier: ORCID iD, ROR id, award number, the id of a session or account.
    Identifier,
    /// The name of a user of a computer or service.
    User,
    /// A folder.
    Path,
    /// The name or address of a computer.
    Host,
    /// The address of a repository or of a page that names its owner.
    Repository,
    /// What the author named.
    Stated,
}

impl IdentityKind {
    /// The word used in JSON.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Person => "person",
            Self::Organisation => "organisation",
            Self::Email => "email",
            Self::Identifier => "identifier",
            Self::User => "user",
            Self::Path => "path",
            Self::Host => "host",
            Self::Repository => "repository",
            Self::Stated => "stated",
        }
    }

    /// What stands for the identity of that number; addresses stay addresses, paths paths.
    fn stand_in(self, number: usize) -> String {
        match self {
            Self::Person => format!("Person{number}"),
            Self::Organisation => format!("Organisation{number}"),
            Self::Email => format!("person{number}@anonymous.invalid"),
            Self::Identifier => format!("identifier{number}"),
            Self::User => format!("user{number}"),
            Self::Path => format!("/anonymous/folder{number}"),
            Self::Host => format!("host{number}"),
            Self::Repository => format!("https://anonymous.invalid/repository{number}"),
            Self::Stated => format!("removed{number}"),
        }
    }
}

/// One identity: all the ways in which it is written, and what stands for it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Identity {
    /// Its kind.
    pub kind: IdentityKind,
    /// What stands for it.
    pub stand_in: String,
    /// The ways in which it is written, the first as it was given.
    pub written: Vec<String>,
}

/// All identities that were found.
#[derive(Debug, Clone, Default)]
pub(super) struct Identities {
    all: Vec<Identity>,
    /// Way of writing, in lower case → index in `all`.
    index: BTreeMap<String, usize>,
    keep: Vec<String>,
}

/// Names of users and parts of names that are common words of programs: they are no identity
/// where they stand alone.
const COMMON: &str = " a adam admin administrator ada an and anonymous app art azureuser base bert \
    bin build ci cloud code codespace colab conda container content data dataset default dev \
    developer docker downloads ec2-user elmo epoch ernie experiment experiments exp file files \
    general gpu grace guest home host hub hugo jenkins job jovyan jupyter kaggle lab lion \
    local long lr main mark max me min mint my name ml model models net new nobody node none norm null \
    opt output page patience ping price project projects public python rank ray research root \
    rose run runner runs ruchy sample scratch server service shared share source space spark \
    src stage stein student studio sudo system teacher team temp test tester testing tests the \
    tmp torch train trainer training true user username users vagrant value var vscode web will \
    work worker workspace you young your unknown null interactive ";

/// Whether `word` says nothing about who somebody is.
pub(super) fn is_common(word: &str) -> bool {
    COMMON.contains(&format!(" {} ", word.to_lowercase()))
}

impl Identities {
    /// No identity; what is in `keep` never becomes one.
    pub(super) fn keeping(keep: &[String]) -> Self {
        Self {
            keep: keep.iter().map(|text| text.to_lowercase()).collect(),
            ..Self::default()
        }
    }

    pub(super) fn all(&self) -> &[Identity] {
        &self.all
    }

    /// Whether the author said that `text`, or what begins with it, stays.
    fn is_kept(&self, text: &str) -> bool {
        let text = text.to_lowercase();
        self.keep.iter().any(|keep| text.starts_with(keep.as_str()))
    }

    /// Adds an identity, written in the given ways. One that is known is not added again.
    pub(super) fn add<I>(&mut self, kind: IdentityKind, written: I)
    where
        I: IntoIterator,
        I::Item: Into<String>,
    {
        let mut position = None;
        for text in written {
            let text: String = text.into();
            let text = text.trim();
            // A single letter would be found everywhere.
            if text.chars().nth(1).is_none() || self.is_kept(text) {
                continue;
            }
            let folded = text.to_lowercase();
            if let Some(known) = self.index.get(&folded) {
                position.get_or_insert(*known);
                continue;
            }
            let at = *position.get_or_insert_with(|| {
                let number = self.all.iter().filter(|known| known.kind == kind).count() + 1;
                self.all.push(Identity {
                    kind,
                    stand_in: kind.stand_in(number),
                    written: Vec::new(),
                });
                self.all.len() - 1
            });
            self.index.insert(folded, at);
            if let Some(identity) = self.all.get_mut(at) {
                identity.written.push(text.to_owned());
            }
        }
    }

    /// Adds a person, organisation or address, with the forms in which names are written.
    pub(super) fn add_author(&mut self, author: &Author) {
        let kind = match author.kind() {
            AuthorKind::Organisation => IdentityKind::Organisation,
            AuthorKind::Email => IdentityKind::Email,
            AuthorKind::Person => IdentityKind::Person,
        };
        if kind == IdentityKind::Person {
            self.add(kind, forms_of_name(author));
        } else {
            self.add(kind, [author.name.clone()]);
        }
        self.add(
            IdentityKind::Email,
            author
                .email
                .as_deref()
                .into_iter()
                .chain((kind == IdentityKind::Email).then_some(author.name.as_str())),
        );
        if let Some(orcid) = &author.orcid {
            self.add(
                IdentityKind::Identifier,
                [orcid.as_str().to_owned(), orcid.as_str().replace('-', "")],
            );
        }
        for affiliation in &author.affiliations {
            self.add(IdentityKind::Organisation, [affiliation.name.as_str()]);
            let ror = affiliation.ror.iter().map(|ror| ror.as_str().to_owned());
            self.add(IdentityKind::Identifier, ror);
        }
    }

    /// What is searched for, as of now.
    pub(super) fn search(&self) -> Search<'_> {
        let mut patterns = Vec::new();
        for (at, identity) in self.all.iter().enumerate() {
            for text in &identity.written {
                for form in [text.clone(), text.to_lowercase(), text.to_uppercase()] {
                    if !patterns.iter().any(|(known, _)| *known == form) {
                        patterns.push((form, at));
                    }
                }
            }
        }
        let automaton = AhoCorasick::builder()
            .match_kind(MatchKind::Standard)
            .ascii_case_insensitive(true)
            .build(patterns.iter().map(|(form, _)| form))
            // Only a search of more than 2^31 states cannot be built; then nothing is removed,
            // and the check of the written folder refuses it.
            .ok();
        Search {
            identities: self,
            owners: patterns.into_iter().map(|(_, at)| at).collect(),
            automaton,
        }
    }
}

/// The ways in which a person's name is written: `Ana Silva`, `Silva, Ana`, `A. Silva`, `asilva`,
/// `ana.silva`, each part alone, and all of it without accents.
fn forms_of_name(author: &Author) -> Vec<String> {
    let parts = author.parts();
    let family = parts.full_family();
    let given = parts.given.unwrap_or_default();
    let mut forms = vec![author.name.clone()];
    if !given.is_empty() {
        let first = given.split_whitespace().next().unwrap_or_default();
        let initial: String = first.chars().take(1).collect();
        let initials: Vec<String> = given
            .split([' ', '-'])
            .filter_map(|word| word.chars().next())
            .map(String::from)
            .collect();
        let dotted = initials.join(". ");
        forms.extend([
            format!("{given} {family}"),
            format!("{family}, {given}"),
            format!("{family} {given}"),
            format!("{first} {family}"),
            format!("{dotted}. {family}"),
            format!("{family}, {dotted}."),
            format!("{initial}. {family}"),
            format!("{initial} {family}"),
            format!("{family} {initial}"),
            format!("{family} {}", initials.concat()),
        ]);
        for plain in [without_accents, transcribed] {
            let (f, l) = (login(&plain(first)), login(&plain(&family)));
            let i: String = f.chars().take(1).collect();
            forms.extend([
                format!("{f}.{l}"),
                format!("{f}_{l}"),
                format!("{f}-{l}"),
                format!("{f}{l}"),
                format!("{i}{l}"),
                format!("{i}.{l}"),
                format!("{l}{i}"),
                format!("{l}.{f}"),
                format!("{l}{f}"),
            ]);
        }
    }
    // The longer forms contain the parts; alone they count where they are no common word.
    let alone = family
        .split([' ', '-'])
        .chain(std::iter::once(family.as_str()))
        .chain(given.split([' ', '-']))
        .filter(|part| part.chars().count() >= 3 && part.chars().any(char::is_uppercase));
    forms.extend(alone.filter(|part| !is_common(part)).map(ToOwned::to_owned));
    let plain: Vec<String> = forms
        .iter()
        .flat_map(|form| [without_accents(form), transcribed(form)])
        .collect();
    forms.extend(plain);
    forms
}

/// The part of a name as people write it in the name of an account.
fn login(name: &str) -> String {
    name.chars()
        .filter(|c| c.is_alphanumeric())
        .flat_map(char::to_lowercase)
        .collect()
}

fn without_accents(text: &str) -> String {
    text.nfd()
        .filter(|c| !unicode_normalization::char::is_combining_mark(*c))
        .map(|c| match c {
            'ß' => 's',
            'ø' => 'o',
            'Ø' => 'O',
            'ł' => 'l',
            'Ł' => 'L',
            c => c,
        })
        .collect()
}

/// `Müller` as `Mueller`.
fn transcribed(text: &str) -> String {
    let mut out = String::with_capacity(text.len() + 4);
    for c in text.nfc() {
        match c {
            'ä' => out.push_str("ae"),
            'ö' => out.push_str("oe"),
            'ü' => out.push_str("ue"),
            'Ä' => out.push_str("Ae"),
            'Ö' => out.push_str("Oe"),
            'Ü' => out.push_str("Ue"),
            'ß' => out.push_str("ss"),
            c => out.push(c),
        }
    }
    out
}

/// Finds identities in texts, all at once.
pub(super) struct Search<'i> {
    identities: &'i Identities,
    owners: Vec<usize>,
    automaton: Option<AhoCorasick>,
}

impl<'i> Search<'i> {
    /// Puts the stand-ins in place; `found` gets each identity that was there. `None` where the
    /// text has none.
    pub(super) fn replace(
        &self,
        text: &str,
        mut found: impl FnMut(&'i Identity),
    ) -> Option<String> {
        let spans = self.spans(text);
        if spans.is_empty() {
            return None;
        }
        let mut out = String::with_capacity(text.len());
        let mut end = 0;
        for (start, stop, identity) in spans {
            out.push_str(text.get(end..start).unwrap_or_default());
            out.push_str(&identity.stand_in);
            found(identity);
            end = stop;
        }
        out.push_str(text.get(end..).unwrap_or_default());
        Some(out)
    }

    /// Where identities stand as words of their own: the leftmost, of those the longest.
    fn spans(&self, text: &str) -> Vec<(usize, usize, &'i Identity)> {
        let Some(automaton) = &self.automaton else {
            return Vec::new();
        };
        let mut spans: Vec<_> = automaton
            .find_overlapping_iter(text)
            .filter(|found| is_word(text, found.start(), found.end()))
            .filter_map(|found| {
                let owner = self.owners.get(found.pattern().as_usize())?;
                let identity = self.identities.all.get(*owner)?;
                Some((found.start(), found.end(), identity))
            })
            .collect();
        spans.sort_by(|a, b| a.0.cmp(&b.0).then(b.1.cmp(&a.1)));
        let mut end = 0;
        spans.retain(|(start, stop, _)| {
            let free = *start >= end;
            if free {
                end = *stop;
            }
            free
        });
        spans
    }
}

/// Whether the piece does not begin or end inside a word; `silvaLab` and `silva_2` hold `silva`.
fn is_word(text: &str, start: usize, end: usize) -> bool {
    let (Some(before), Some(piece), Some(after)) =
        (text.get(..start), text.get(start..end), text.get(end..))
    else {
        return false;
    };
    let joined = |left: Option<char>, right: Option<char>| match (left, right) {
        (Some(left), Some(right)) => {
            left.is_alphabetic()
                && right.is_alphabetic()
                && !(left.is_lowercase() && right.is_uppercase())
                || left.is_numeric() && right.is_numeric()
        }
        _ => false,
    };
    let previous = before.chars().next_back();
    // `</code>` is the end of an element, and `a/code` no folder of the root.
    let is_root_folder = piece.starts_with('/') && piece.matches('/').count() == 1;
    if is_root_folder && previous.is_some_and(|c| c == '<' || c.is_alphanumeric()) {
        return false;
    }
    !joined(previous, piece.chars().next())
        && !joined(piece.chars().next_back(), after.chars().next())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn scrubbed(identities: &Identities, text: &str) -> String {
        identities
            .search()
            .replace(text, |_| {})
            .unwrap_or_else(|| text.to_owned())
    }

    #[test]
    fn a_name_is_found_however_it_is_written() {
        let mut identities = Identities::default();
        identities.add_author(&Author::new("Jürgen Müller"));
        for text in [
            "Jürgen Müller",
            "MÜLLER, JÜRGEN",
            "J. Müller",
            "jmueller",
            "juergen.mueller",
            "muller",
            "Mueller",
            "Jürgen",
        ] {
            assert_eq!(scrubbed(&identities, text), "Person1", "{text}");
        }
        assert_eq!(
            scrubbed(&identities, "müller_run2 and muellerLab, not Müllerei"),
            "Person1_run2 and Person1Lab, not Müllerei"
        );
    }

    #[test]
    fn a_common_word_alone_is_no_name() {
        let mut identities = Identities::default();
        identities.add_author(&Author::new("Adam Young"));
        assert_eq!(
            scrubbed(&identities, "optim.Adam by Adam Young (ayoung)"),
            "optim.Adam by Person1 (Person1)"
        );
    }

    #[test]
    fn a_folder_of_the_root_is_no_end_of_an_element() {
        let mut identities = Identities::default();
        identities.add(IdentityKind::Path, ["/em"]);
        assert_eq!(
            scrubbed(&identities, "<em>ls /em/x</em> a/em"),
            "<em>ls /anonymous/folder1/x</em> a/em"
        );
    }

    #[test]
    fn what_is_kept_is_no_identity() {
        let mut identities = Identities::keeping(&["Ana".into()]);
        identities.add(IdentityKind::User, ["ana"]);
        assert!(identities.all().is_empty());
    }

    #[test]
    fn the_longest_way_of_writing_wins() {
        let mut identities = Identities::default();
        identities.add(IdentityKind::User, ["alice"]);
        identities.add(IdentityKind::Email, ["alice@x.org"]);
        assert_eq!(
            scrubbed(&identities, "mail alice@x.org or alice"),
            "mail person1@anonymous.invalid or user1"
        );
    }
}
