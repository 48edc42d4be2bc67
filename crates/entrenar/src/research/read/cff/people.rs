use super::Reader;
use super::yaml::{Node, Tree};
use crate::research::read::csl_json::person;
use crate::research::{Affiliation, Author, NameParts, Orcid};

impl Reader<'_> {
    pub(super) fn people(&mut self, at: &str, node: &Node) -> Vec<Author> {
        let mut people = Vec::new();
        let items: Vec<&Node> = self.items(at, node).iter().collect();
        for (number, item) in items.into_iter().enumerate() {
            people.extend(self.one(&format!("{at}[{number}]"), item));
        }
        people
    }

    /// A person or an entity.
    pub(super) fn one(&mut self, at: &str, node: &Node) -> Option<Author> {
        let entries = match &node.value {
            Tree::Map(entries) => entries,
            Tree::Scalar(text, _) if !text.trim().is_empty() => {
                self.problem(
                    node.place,
                    at,
                    "a name should be a mapping; it is read as one text",
                );
                return Some(Author::new(text.trim()));
            }
            _ => {
                self.problem(node.place, at, "it is neither a person nor an entity");
                self.keep(at, node);
                return None;
            }
        };
        let mut parts = NameParts::default();
        let (mut name, mut alias, mut affiliation) = (None, None, None);
        let (mut orcid, mut email) = (None, None);
        for (key, node) in entries {
            let at = format!("{at}.{key}");
            match key.as_str() {
                "family-names" => parts.family = self.text(&at, node).unwrap_or_default(),
                "given-names" => parts.given = self.text(&at, node),
                "name-particle" => parts.particle = self.text(&at, node),
                "name-suffix" => parts.suffix = self.text(&at, node),
                "name" => name = self.text(&at, node),
                "alias" => alias = self.text(&at, node),
                "affiliation" => affiliation = self.text(&at, node),
                "email" => email = self.text(&at, node),
                "orcid" => match self.text(&at, node).map(|text| Orcid::parse(&text)) {
                    Some(Ok(parsed)) => orcid = Some(parsed),
                    Some(Err(error)) => {
                        self.problem(node.place, &at, error.to_string());
                        self.keep(&at, node);
                    }
                    None => {}
                },
                "address" | "city" | "country" | "fax" | "post-code" | "region" | "tel"
                | "website" | "date-start" | "date-end" | "location" => self.keep(&at, node),
                _ => self.unknown(&at, node),
            }
        }
        let mut author = if let Some(name) = name {
            Author::organisation(name)
        } else if !parts.family.is_empty() {
            person(parts)
        } else if let Some(given) = parts.given.take() {
            person(NameParts {
                family: given,
                ..parts
            })
        } else if let Some(alias) = alias.take() {
            Author::new(alias)
        } else {
            self.problem(node.place, at, "it has no name");
            self.keep(at, node);
            return None;
        };
        if let Some(alias) = alias {
            self.extra.insert(format!("{at}.alias"), alias.into());
        }
        author.orcid = orcid;
        author.email = email;
        author.affiliations = affiliation.map(Affiliation::new).into_iter().collect();
        Some(author)
    }
}
