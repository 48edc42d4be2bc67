use super::{ArtifactMetadata, KnownPerson, MetadataField, MetadataOrigin, MetadataSource};
use crate::research::artifact::DEFAULT_KEYWORDS;
use crate::research::{Author, AuthorKind, Identifier, ResearchArtifact};

/// An artifact, and for each of its fields who said so.
#[derive(Debug, Clone, PartialEq)]
pub struct Described {
    /// The artifact.
    pub artifact: ResearchArtifact,
    /// The fields that have a value, in the order of [`MetadataField::ALL`].
    pub origins: Vec<FieldOrigin>,
}

impl Described {
    /// Who said what the field holds; empty where it holds nothing.
    pub fn origins_of(&self, field: MetadataField) -> &[MetadataOrigin] {
        self.origins
            .iter()
            .find(|one| one.field == field)
            .map(|one| one.origins.as_slice())
            .unwrap_or_default()
    }
}

/// Who said what a field holds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FieldOrigin {
    /// The field.
    pub field: MetadataField,
    /// Its sources, the first one's word counts most; several where a list was collected or an
    /// author's facts were completed.
    pub origins: Vec<MetadataOrigin>,
}

/// Puts what `sources` say on top of what a session says about itself.
///
/// The order of `sources` does not matter; [`MetadataOrigin`] has the precedence.
///
/// * A field has the value of the first source that says something about it.
/// * `keywords`, `subjects`, `related`, `software` and `hardware` are collected from all sources,
///   each item once, in the order of the sources. The command line and what somebody wrote for the
///   session set them as a whole.
/// * What is known of an author elsewhere (`people`, and the authors of the other sources)
///   completes what the author lacks: ORCID iD, e-mail address, affiliations, roles. Authors are
///   the same by ORCID iD, by e-mail address, by whole name, or by a name in `known_as`; the
///   last replaces the name also.
pub fn merge(session: ResearchArtifact, sources: &[MetadataSource]) -> Described {
    let mut sources: Vec<&MetadataSource> = sources.iter().collect();
    sources.sort_by(|a, b| a.origin.cmp(&b.origin));
    let mut merge = Merge {
        described: Described {
            artifact: session,
            origins: Vec::new(),
        },
        sources: &sources,
    };
    merge.all();
    merge.described
}

struct Merge<'a> {
    described: Described,
    sources: &'a [&'a MetadataSource],
}

impl<'a> Merge<'a> {
    fn all(&mut self) {
        use MetadataField as F;
        let first = self.first(F::Title, |m| m.title.as_ref());
        let artifact = &mut self.described.artifact;
        if let Some(title) = first {
            artifact.title.clone_from(title);
            artifact.title_derived_from = None;
        }
        let has_title = !artifact.title.is_empty();
        self.session_has(F::Title, has_title);
        self.authors();

        macro_rules! replace {
            ($($field:ident: $from:ident => $to:ident),* $(,)?) => {$(
                if let Some(value) = self.first(F::$field, |m| m.$from.as_ref()) {
                    self.described.artifact.$to = Some(value.clone());
                }
                let has = self.described.artifact.$to.is_some();
                self.session_has(F::$field, has);
            )*};
        }
        macro_rules! collect {
            ($($field:ident: $name:ident),* $(,)?) => {$(
                let own = std::mem::take(&mut self.described.artifact.$name);
                self.described.artifact.$name = self.collect(F::$field, &own, |m| m.$name.as_ref());
            )*};
        }
        replace!(Abstract: abstract_text => abstract_text, Description: description => description);
        let keywords = &mut self.described.artifact.keywords;
        let own = std::mem::take(keywords);
        let stand_in = own == DEFAULT_KEYWORDS;
        let session = if stand_in { Vec::new() } else { own.clone() };
        let mut collected = self.collect(F::Keywords, &session, |m| m.keywords.as_ref());
        if stand_in && self.described.origins_of(F::Keywords).is_empty() {
            collected = own;
            self.session_has(F::Keywords, true);
        }
        self.described.artifact.keywords = collected;
        collect!(Subjects: subjects);
        replace!(License: license => license);
        if let Some(version) = self.first(F::Version, |m| m.version.as_ref()) {
            self.described.artifact.version.clone_from(version);
        }
        let has_version = !self.described.artifact.version.is_empty();
        self.session_has(F::Version, has_version);
        replace!(Date: date => release_date, Language: language => language);
        if let Some(kind) = self.first(F::Type, |m| m.artifact_type.as_ref()) {
            self.described.artifact.artifact_type = *kind;
        }
        self.session_has(F::Type, true);
        replace!(
            Doi: doi => doi,
            Url: url => url,
            Repository: repository => repository,
            Publisher: publisher => publisher,
        );
        if let Some(funding) = self.first(F::Funding, |m| m.funding.as_ref()) {
            self.described.artifact.funding.clone_from(funding);
        }
        let has_funding = !self.described.artifact.funding.is_empty();
        self.session_has(F::Funding, has_funding);
        collect!(Related: related, Software: software, Hardware: hardware);
        // Nothing relates to itself: a file of the folder may describe this very artifact.
        let artifact = &mut self.described.artifact;
        if let Some(doi) = artifact.doi.as_ref().map(Identifier::of_doi) {
            artifact.related.retain(|related| related.identifier != doi);
        }
        self.described.origins.sort_by_key(|one| one.field);
    }

    /// The value of the first source that has one.
    fn first<T: ?Sized>(
        &mut self,
        field: MetadataField,
        get: impl Fn(&'a ArtifactMetadata) -> Option<&'a T>,
    ) -> Option<&'a T> {
        let (source, value) = self
            .sources
            .iter()
            .find_map(|source| Some((source, get(&source.metadata)?)))?;
        self.note(field, &source.origin);
        Some(value)
    }

    /// All items of all sources, each once, or those of the source that decides.
    fn collect<T: Clone + PartialEq + 'a>(
        &mut self,
        field: MetadataField,
        own: &[T],
        get: impl Fn(&'a ArtifactMetadata) -> Option<&'a Vec<T>>,
    ) -> Vec<T> {
        let mut items: Vec<T> = Vec::new();
        let mut add = |those: &[T]| {
            let before = items.len();
            for item in those {
                if !items.contains(item) {
                    items.push(item.clone());
                }
            }
            items.len() > before
        };
        let mut decided = false;
        let mut origins = Vec::new();
        for source in self.sources {
            let Some(those) = get(&source.metadata) else {
                continue;
            };
            decided = matches!(
                source.origin,
                MetadataOrigin::Flags | MetadataOrigin::Edited
            );
            if add(those) || decided {
                origins.push(&source.origin);
            }
            if decided {
                break;
            }
        }
        if !decided && add(own) {
            origins.push(&MetadataOrigin::Session);
        }
        for origin in origins {
            self.note(field, origin);
        }
        items
    }

    fn authors(&mut self) {
        let stated = self.first(MetadataField::Authors, |m| m.authors.as_deref());
        if let Some(authors) = stated {
            self.described.artifact.authors = authors.to_vec();
        }
        let has_authors = !self.described.artifact.authors.is_empty();
        self.session_has(MetadataField::Authors, has_authors);
        let mut authors = std::mem::take(&mut self.described.artifact.authors);
        for author in &mut authors {
            for source in self.sources {
                let metadata = &source.metadata;
                let mut changed = false;
                for known in &metadata.people {
                    changed |= complete(author, known.knows(author), &known.person);
                }
                for other in metadata.authors.iter().flatten() {
                    let same = other.is_same_as(author).then_some(Known::BySelf);
                    changed |= complete(author, same, other);
                }
                if changed {
                    self.note(MetadataField::Authors, &source.origin);
                }
            }
        }
        let affiliations = self.sources.iter().find_map(|source| {
            let affiliations = source.metadata.affiliations.as_ref()?;
            Some((affiliations, &source.origin))
        });
        if let Some((affiliations, origin)) = affiliations {
            let without = authors.iter_mut().filter(|author| {
                author.affiliations.is_empty() && author.kind() != AuthorKind::Organisation
            });
            let completed = without
                .map(|author| author.affiliations.clone_from(affiliations))
                .count();
            if completed > 0 {
                self.note(MetadataField::Authors, origin);
            }
        }
        self.described.artifact.authors = authors;
    }

    fn session_has(&mut self, field: MetadataField, has: bool) {
        if has && self.described.origins_of(field).is_empty() {
            self.note(field, &MetadataOrigin::Session);
        }
    }

    fn note(&mut self, field: MetadataField, origin: &MetadataOrigin) {
        let origins = &mut self.described.origins;
        match origins.iter_mut().find(|one| one.field == field) {
            Some(one) if one.origins.contains(origin) => {}
            Some(one) => one.origins.push(origin.clone()),
            None => origins.push(FieldOrigin {
                field,
                origins: vec![origin.clone()],
            }),
        }
    }
}

/// By what an author was recognised.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Known {
    /// By name, ORCID iD or e-mail address.
    BySelf,
    /// By another name that is known to mean the person.
    ByAlias,
}

impl KnownPerson {
    fn knows(&self, author: &Author) -> Option<Known> {
        if self.person.is_same_as(author) {
            return Some(Known::BySelf);
        }
        // Where both have an iD and they differ, the names only happen to be alike.
        if self.person.has_other_orcid_than(author) {
            return None;
        }
        let alike = |alias: &String| {
            let alias = alias.trim().to_lowercase();
            let is = |text: &str| text.trim().to_lowercase() == alias;
            is(&author.name) || author.email_address().is_some_and(|email| is(&email))
        };
        self.known_as.iter().any(alike).then_some(Known::ByAlias)
    }
}

/// Adds what `known` says and `author` lacks; tells whether anything was.
fn complete(author: &mut Author, by: Option<Known>, known: &Author) -> bool {
    let Some(by) = by else { return false };
    let before = author.clone();
    author.complete_from(known, by == Known::ByAlias);
    *author != before
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::research::{Affiliation, ArtifactType, License};

    fn session() -> ResearchArtifact {
        ResearchArtifact::new("s", "Session", ArtifactType::Notebook)
            .with_author(Author::new("ana"))
            .with_keywords(["lora"])
    }

    fn source(origin: MetadataOrigin, metadata: ArtifactMetadata) -> MetadataSource {
        MetadataSource::new(origin, metadata)
    }

    fn keywords(words: &[&str]) -> ArtifactMetadata {
        ArtifactMetadata {
            keywords: Some(words.iter().map(|word| (*word).to_owned()).collect()),
            ..ArtifactMetadata::default()
        }
    }

    fn licence(license: License) -> ArtifactMetadata {
        ArtifactMetadata {
            license: Some(license),
            ..ArtifactMetadata::default()
        }
    }

    #[test]
    fn the_first_source_counts_whatever_the_order() {
        let project = source(
            MetadataOrigin::Project("p".into()),
            licence(License::CC_BY_4_0),
        );
        let user = source(MetadataOrigin::User("u".into()), licence(License::MIT));
        for sources in [
            [project.clone(), user.clone()],
            [user.clone(), project.clone()],
        ] {
            let described = merge(session(), &sources);
            assert_eq!(described.artifact.license, Some(License::CC_BY_4_0));
            assert_eq!(
                described.origins_of(MetadataField::License),
                [MetadataOrigin::Project("p".into())]
            );
            assert_eq!(
                described.origins_of(MetadataField::Title),
                [MetadataOrigin::Session]
            );
        }
        assert_eq!(
            merge(session(), &[user]).artifact.license,
            Some(License::MIT)
        );
    }

    #[test]
    fn keywords_are_collected_unless_somebody_sets_them_for_the_session() {
        let project = source(
            MetadataOrigin::Project("p".into()),
            keywords(&["nlp", "lora"]),
        );
        let cff = source(MetadataOrigin::Cff("c".into()), keywords(&["llm"]));
        let described = merge(session(), &[cff.clone(), project.clone()]);
        assert_eq!(described.artifact.keywords, ["nlp", "lora", "llm"]);
        let edited = source(MetadataOrigin::Edited, keywords(&["only"]));
        let described = merge(session(), &[cff, project, edited]);
        assert_eq!(described.artifact.keywords, ["only"]);
        assert_eq!(
            described.origins_of(MetadataField::Keywords),
            [MetadataOrigin::Edited]
        );
    }

    #[test]
    fn keywords_that_stand_in_give_way() {
        let mut session = session();
        session.keywords = DEFAULT_KEYWORDS.map(str::to_owned).to_vec();
        let cff = source(MetadataOrigin::Cff("c".into()), keywords(&["llm"]));
        let described = merge(session.clone(), &[cff]);
        assert_eq!(described.artifact.keywords, ["llm"]);
        assert_eq!(merge(session, &[]).artifact.keywords, DEFAULT_KEYWORDS);
    }

    #[test]
    fn a_known_person_completes_an_author() {
        let ana = Author::new("Ana Silva")
            .with_orcid("0000-0002-1825-0097")
            .unwrap()
            .with_affiliation(Affiliation::new("Lab"));
        let people = ArtifactMetadata {
            people: vec![KnownPerson {
                person: ana.clone(),
                known_as: vec!["ANA".into()],
            }],
            ..ArtifactMetadata::default()
        };
        let user = source(MetadataOrigin::User("u".into()), people);
        let described = merge(session(), std::slice::from_ref(&user));
        assert_eq!(described.artifact.authors, std::slice::from_ref(&ana));
        assert_eq!(
            described.origins_of(MetadataField::Authors),
            [MetadataOrigin::Session, MetadataOrigin::User("u".into())]
        );
        // Somebody else of that name stays somebody else.
        let other = Author::new("ana")
            .with_orcid("0000-0001-5109-3700")
            .unwrap();
        let session = session().with_authors([other.clone()]);
        assert_eq!(merge(session, &[user]).artifact.authors, [other]);
    }

    #[test]
    fn the_files_of_a_project_know_its_authors() {
        let ana = Author::new("Silva, Ana")
            .with_orcid("0000-0002-1825-0097")
            .unwrap();
        let cff = ArtifactMetadata {
            authors: Some(vec![ana, Author::new("Bo Li")]),
            ..ArtifactMetadata::default()
        };
        let flags = ArtifactMetadata {
            authors: Some(vec![Author::new("Ana Silva")]),
            ..ArtifactMetadata::default()
        };
        let described = merge(
            session(),
            &[
                source(MetadataOrigin::Cff("c".into()), cff),
                source(MetadataOrigin::Flags, flags),
            ],
        );
        let authors = described.artifact.authors;
        assert_eq!(authors.len(), 1);
        assert_eq!(authors[0].name, "Ana Silva");
        assert!(authors[0].orcid.is_some());
    }
}
