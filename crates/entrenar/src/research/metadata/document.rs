//! The keys of `entrenar.toml`; `docs/entrenar-toml.md` describes each.

use chrono::NaiveDate;

use super::node::{Content, Entry, Node, Problems, nearest};
use super::{ArtifactMetadata, KnownPerson, MetadataField, TomlScope, parse_day, parse_email};
use crate::research::identifier::check_url;
use crate::research::{
    Affiliation, ArtifactType, Author, ContributorRole, Doi, Funding, Identifier, Language,
    License, NameParts, RelatedIdentifier, RelationType, Ror, Software, Subject, ValidationError,
};

/// Keys of the document that are no fields.
const PEOPLE: &str = "people";
const AFFILIATION: &str = "affiliation";
const REFERENCES: &str = "references";

/// A table whose keys are all known, or were complained of.
struct Section<'a> {
    path: &'a str,
    entries: &'a [Entry],
}

impl<'a> Section<'a> {
    fn get(&self, key: &str) -> Option<&'a Node> {
        let entry = self.entries.iter().find(|entry| entry.key == key)?;
        Some(&entry.value)
    }

    fn path_of(&self, key: &str) -> String {
        if self.path.is_empty() {
            key.to_owned()
        } else {
            format!("{}.{key}", self.path)
        }
    }
}

/// Reads a whole document.
pub(super) fn read(node: &Node, scope: TomlScope, problems: &mut Problems<'_>) -> ArtifactMetadata {
    let mut known: Vec<&str> = MetadataField::ALL.iter().map(|field| field.key()).collect();
    known.extend([PEOPLE, AFFILIATION]);
    // Bibliographies are named by their place beside the file, which only a project has.
    if scope == TomlScope::Project {
        known.push(REFERENCES);
    }
    let mut reader = Reader { problems };
    let Some(section) = reader.section(node, "", &known) else {
        return ArtifactMetadata::default();
    };
    for entry in section.entries {
        let refused = MetadataField::of_key(&entry.key).and_then(|field| scope.refuses(field));
        if let Some(reason) = refused {
            reader.problems.add(Some(entry.at), &entry.key, reason);
        }
    }
    reader.metadata(&section)
}

struct Reader<'p, 't> {
    problems: &'p mut Problems<'t>,
}

impl Reader<'_, '_> {
    fn metadata(&mut self, s: &Section<'_>) -> ArtifactMetadata {
        ArtifactMetadata {
            title: self.text(s, "title"),
            authors: self.list(s, "authors", Self::author),
            affiliations: self.affiliations(s, AFFILIATION),
            abstract_text: self.text(s, "abstract"),
            description: self.text(s, "description"),
            keywords: self.list(s, "keywords", Self::item_text),
            subjects: self.list(s, "subjects", Self::subject),
            license: self.value(s, "license", License::parse),
            version: self.text(s, "version"),
            date: self.date(s, "date"),
            language: self.value(s, "language", Language::parse),
            artifact_type: self.value(s, "type", ArtifactType::parse),
            doi: self.value(s, "doi", Doi::parse),
            url: self.value(s, "url", check_url),
            repository: self.value(s, "repository", check_url),
            publisher: self.text(s, "publisher"),
            funding: self.list(s, "funding", Self::funding),
            related: self.list(s, "related", Self::related),
            software: self.list(s, "software", Self::software),
            hardware: self.list(s, "hardware", Self::item_text),
            people: self.list(s, PEOPLE, Self::person).unwrap_or_default(),
            references: self.texts(s, REFERENCES),
        }
    }

    /// The entries of a table; keys that are not known are problems.
    fn section<'a>(
        &mut self,
        node: &'a Node,
        path: &'a str,
        known: &[&str],
    ) -> Option<Section<'a>> {
        let Content::Table(entries) = &node.value else {
            self.problems.wrong_kind(node, path, "a table");
            return None;
        };
        let section = Section { path, entries };
        for entry in entries {
            if known.contains(&entry.key.as_str()) {
                continue;
            }
            let similar = (!self.problems.is_full()).then(|| nearest(&entry.key, known));
            let message = match similar.flatten() {
                Some(name) => format!("unknown key; did you mean `{name}`?"),
                None => format!("unknown key; known are {}", known.join(", ")),
            };
            self.problems
                .add(Some(entry.at), &section.path_of(&entry.key), message);
        }
        Some(section)
    }

    fn text(&mut self, s: &Section<'_>, key: &str) -> Option<String> {
        self.problems.filled_text(s.get(key)?, &s.path_of(key))
    }

    /// A text that must be something.
    fn value<T>(
        &mut self,
        s: &Section<'_>,
        key: &str,
        parse: impl Fn(&str) -> Result<T, ValidationError>,
    ) -> Option<T> {
        let node = s.get(key)?;
        let path = s.path_of(key);
        let text = self.problems.filled_text(node, &path)?;
        self.problems.take(node.at, &path, parse(&text))
    }

    fn date(&mut self, s: &Section<'_>, key: &str) -> Option<NaiveDate> {
        let node = s.get(key)?;
        let path = s.path_of(key);
        let (Content::Text(text) | Content::Time(text)) = &node.value else {
            self.problems
                .wrong_kind(node, &path, "a date such as 2026-11-22");
            return None;
        };
        self.problems.take(node.at, &path, parse_day(text))
    }

    /// The items of a list that could be read.
    fn list<T>(
        &mut self,
        s: &Section<'_>,
        key: &str,
        item: impl Fn(&mut Self, &Node, &str) -> Option<T>,
    ) -> Option<Vec<T>> {
        let node = s.get(key)?;
        let path = s.path_of(key);
        let Content::List(nodes) = &node.value else {
            self.problems.wrong_kind(node, &path, "a list");
            return None;
        };
        let items = nodes.iter().enumerate();
        let items = items.filter_map(|(at, node)| item(self, node, &format!("{path}[{at}]")));
        Some(items.collect())
    }

    /// A text or a list of them.
    fn texts(&mut self, s: &Section<'_>, key: &str) -> Vec<String> {
        match s.get(key) {
            None => Vec::new(),
            Some(node) if matches!(node.value, Content::List(_)) => {
                self.list(s, key, Self::item_text).unwrap_or_default()
            }
            Some(_) => self.text(s, key).into_iter().collect(),
        }
    }

    fn item_text(&mut self, node: &Node, path: &str) -> Option<String> {
        self.problems.filled_text(node, path)
    }

    /// A text, a table, or a list of them.
    fn affiliations(&mut self, s: &Section<'_>, key: &str) -> Option<Vec<Affiliation>> {
        let node = s.get(key)?;
        if matches!(node.value, Content::List(_)) {
            return self.list(s, key, Self::affiliation);
        }
        let one = self.affiliation(node, &s.path_of(key))?;
        Some(vec![one])
    }

    fn affiliation(&mut self, node: &Node, path: &str) -> Option<Affiliation> {
        match &node.value {
            Content::Text(_) => Some(Affiliation::new(self.problems.filled_text(node, path)?)),
            Content::Table(_) => {
                let s = self.section(node, path, &["name", "ror", "country"])?;
                let ror = self.value(&s, "ror", Ror::parse);
                let country = self.text(&s, "country");
                let name = self.required(node, &s, "name")?;
                Some(Affiliation { name, ror, country })
            }
            _ => {
                self.problems.wrong_kind(node, path, "a name or a table");
                None
            }
        }
    }

    fn required(&mut self, node: &Node, s: &Section<'_>, key: &str) -> Option<String> {
        if s.get(key).is_none() {
            let message = format!("it has no `{key}`");
            self.problems.add(Some(node.at), s.path, message);
        }
        self.text(s, key)
    }

    fn author(&mut self, node: &Node, path: &str) -> Option<Author> {
        if let Content::Text(text) = &node.value {
            return self.problems.take(node.at, path, Author::parse(text));
        }
        Some(self.contributor(node, path, &[])?.0)
    }

    fn person(&mut self, node: &Node, path: &str) -> Option<KnownPerson> {
        let (person, section) = self.contributor(node, path, &["known_as"])?;
        let known_as = self.list(&section, "known_as", Self::item_text);
        Some(KnownPerson {
            person,
            known_as: known_as.unwrap_or_default(),
        })
    }

    fn contributor<'a>(
        &mut self,
        node: &'a Node,
        path: &'a str,
        more: &[&str],
    ) -> Option<(Author, Section<'a>)> {
        if !matches!(node.value, Content::Table(_)) {
            self.problems.wrong_kind(node, path, "a name or a table");
            return None;
        }
        let mut known = vec![
            "name",
            "given",
            "particle",
            "family",
            "suffix",
            "organisation",
            "orcid",
            "email",
            "affiliation",
            "affiliations",
            "roles",
        ];
        known.extend(more);
        let s = self.section(node, path, &known)?;
        let author = self.named(node, &s);
        let orcid = self.value(&s, "orcid", crate::research::Orcid::parse);
        let email = self.value(&s, "email", parse_email);
        let mut affiliations = self.affiliations(&s, "affiliation").unwrap_or_default();
        affiliations.extend(self.affiliations(&s, "affiliations").unwrap_or_default());
        let roles = self.list(&s, "roles", |reader, node, path| {
            let text = reader.problems.filled_text(node, path)?;
            let role = ContributorRole::parse(&text);
            reader.problems.take(node.at, path, role)
        });
        let mut author = author?.with_roles(roles.unwrap_or_default());
        author.orcid = orcid;
        author.email = email;
        author.affiliations = affiliations;
        Some((author, s))
    }

    /// `name`, or the parts of a person's name, or `organisation`.
    fn named(&mut self, node: &Node, s: &Section<'_>) -> Option<Author> {
        let name = self.text(s, "name");
        let given = self.text(s, "given");
        let particle = self.text(s, "particle");
        let family = self.text(s, "family");
        let suffix = self.text(s, "suffix");
        let organisation = self.text(s, "organisation");
        let has = |keys: &[&str]| keys.iter().any(|key| s.get(key).is_some());
        let in_parts = has(&["given", "particle", "family", "suffix"]);
        if has(&["organisation"]) && (in_parts || has(&["name"])) {
            let message = "`organisation` is a name of its own; leave the others out";
            self.problems.add(Some(node.at), s.path, message);
            return None;
        }
        if has(&["organisation"]) {
            return Some(Author::organisation(organisation?));
        }
        if !in_parts {
            if name.is_none() && !has(&["name"]) {
                let message = "it has no `name` (or `given` and `family`, or `organisation`)";
                self.problems.add(Some(node.at), s.path, message);
            }
            return Some(Author::new(name?));
        }
        if !has(&["family"]) {
            let message = "it has parts of a name, but no `family`";
            self.problems.add(Some(node.at), s.path, message);
        }
        let parts = NameParts {
            given,
            particle,
            family: family?,
            suffix,
        };
        Some(Author::of_parts(name, parts))
    }

    fn subject(&mut self, node: &Node, path: &str) -> Option<Subject> {
        if matches!(node.value, Content::Text(_)) {
            return Some(Subject {
                term: self.problems.filled_text(node, path)?,
                scheme: None,
                uri: None,
            });
        }
        let s = self.section(node, path, &["term", "scheme", "uri"])?;
        let scheme = self.text(&s, "scheme");
        let uri = self.value(&s, "uri", check_url);
        let term = self.required(node, &s, "term")?;
        Some(Subject { term, scheme, uri })
    }

    fn funding(&mut self, node: &Node, path: &str) -> Option<Funding> {
        if let Content::Text(text) = &node.value {
            return self.problems.take(node.at, path, Funding::parse(text));
        }
        let s = self.section(node, path, &["funder", "ror", "award", "title", "url"])?;
        let funder_ror = self.value(&s, "ror", Ror::parse);
        let award_number = self.text(&s, "award");
        let award_title = self.text(&s, "title");
        let award_url = self.value(&s, "url", check_url);
        let funder = self.required(node, &s, "funder")?;
        Some(Funding {
            funder,
            funder_ror,
            award_number,
            award_title,
            award_url,
        })
    }

    fn related(&mut self, node: &Node, path: &str) -> Option<RelatedIdentifier> {
        if let Content::Text(text) = &node.value {
            let related = RelatedIdentifier::parse(text);
            return self.problems.take(node.at, path, related);
        }
        let s = self.section(node, path, &["identifier", "relation", "type"])?;
        let artifact_type = self.value(&s, "type", ArtifactType::parse);
        let relation = self.value(&s, "relation", RelationType::parse);
        if s.get("relation").is_none() {
            let message = "it has no `relation`, such as \"Cites\"";
            self.problems.add(Some(node.at), path, message);
        }
        if s.get("identifier").is_none() {
            let message = "it has no `identifier`, such as a DOI";
            self.problems.add(Some(node.at), path, message);
        }
        Some(RelatedIdentifier {
            identifier: self.value(&s, "identifier", Identifier::parse)?,
            relation: relation?,
            artifact_type,
        })
    }

    fn software(&mut self, node: &Node, path: &str) -> Option<Software> {
        if matches!(node.value, Content::Text(_)) {
            return Some(Software {
                name: self.problems.filled_text(node, path)?,
                version: None,
                url: None,
            });
        }
        let s = self.section(node, path, &["name", "version", "url"])?;
        let version = self.text(&s, "version");
        let url = self.value(&s, "url", check_url);
        let name = self.required(node, &s, "name")?;
        Some(Software { name, version, url })
    }
}
